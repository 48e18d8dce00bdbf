// SPDX-License-Identifier: Apache-2.0
#include "files/hdf5.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::files {

namespace {

Hdf5Handle open_file(const std::string& path) {
  hdf5_begin();
  const Hdf5Quiet quiet;
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) {
    throw InputError(fmt::format("{} is not a readable HDF5 file ({}); it may be cut short or damaged", path,
                                 hdf5_reason()));
  }
  return {file, &H5Fclose};
}

/// More rows than there are: all.
constexpr std::uint64_t kAll = ~std::uint64_t{0};

/// HDF5 tells the system's error in the midst of pointers and sizes.
std::string plain_reason(const std::string& reason) {
  constexpr std::string_view before = "error message = '";
  const std::size_t begin = reason.find(before);
  if (begin == std::string::npos) return reason;
  const std::size_t from = begin + before.size();
  return reason.substr(from, reason.find('\'', from) - from);
}

}  // namespace

void hdf5_begin() {
  H5dont_atexit();
}

Hdf5Quiet::Hdf5Quiet() {
  H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}
Hdf5Quiet::~Hdf5Quiet() {
  H5Eset_auto2(H5E_DEFAULT, print_, data_);
}

std::string hdf5_reason() {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned depth, const H5E_error2_t* error, void* out) -> herr_t {
        if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &reason);
  return reason.empty() ? "HDF5 gives no reason" : plain_reason(reason);
}

Hdf5Handle hdf5_text_type(std::size_t bytes) {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), &H5Tclose);
  H5Tset_size(type.get(), std::max<std::size_t>(bytes, 1));
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  return type;
}

Hdf5Reader::Hdf5Reader(const std::filesystem::path& path) : path_(path.string()), file_(open_file(path_)) {}

bool Hdf5Reader::has(const std::string& name) const {
  const Hdf5Quiet quiet;
  return H5Lexists(file_.get(), name.c_str(), H5P_DEFAULT) > 0;
}

Hdf5Handle Hdf5Reader::open(const std::string& name) const {
  const Hdf5Quiet quiet;
  const hid_t dataset = H5Dopen2(file_.get(), name.c_str(), H5P_DEFAULT);
  if (dataset < 0) {
    throw InputError(fmt::format("{} has no dataset \"{}\"; expected ids, offsets and values", path_, name));
  }
  return {dataset, &H5Dclose};
}

std::vector<std::size_t> Hdf5Reader::shape(const std::string& name) const {
  const Hdf5Handle dataset = open(name);
  const Hdf5Handle space(H5Dget_space(dataset.get()), &H5Sclose);
  std::vector<hsize_t> lengths(
      static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space.get()), 0)));
  H5Sget_simple_extent_dims(space.get(), lengths.data(), nullptr);
  return {lengths.begin(), lengths.end()};
}

struct Hdf5Reader::Part {
  Hdf5Handle dataset;
  Hdf5Handle file_space;
  Hdf5Handle memory_space;
  std::size_t elements;
};

Hdf5Reader::Part Hdf5Reader::part(const std::string& name, std::uint64_t first, std::uint64_t count) const {
  Hdf5Handle dataset = open(name);
  const Hdf5Quiet quiet;
  Hdf5Handle space(H5Dget_space(dataset.get()), &H5Sclose);
  const hssize_t all = H5Sget_simple_extent_npoints(space.get());
  if (all < 0) throw SystemError(fmt::format("H5Dget_space failed for {} in {}", name, path_));
  hsize_t elements = static_cast<hsize_t>(all);
  if (count != kAll) {
    std::vector<hsize_t> lengths(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space.get())));
    H5Sget_simple_extent_dims(space.get(), lengths.data(), nullptr);
    if (lengths.empty() || first > lengths[0] || count > lengths[0] - first) {
      throw InputError(fmt::format("dataset {} of {} has {} rows; {} from row {} on were wanted", name, path_,
                                   lengths.empty() ? 0 : lengths[0], count, first));
    }
    elements = lengths[0] == 0 ? 0 : elements / lengths[0] * count;
    std::vector<hsize_t> start(lengths.size(), 0);
    start[0] = first;
    lengths[0] = count;
    if (count == 0) {
      H5Sselect_none(space.get());
    } else if (H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, lengths.data(),
                                   nullptr) < 0) {
      throw SystemError(fmt::format("H5Sselect_hyperslab failed for {} in {}", name, path_));
    }
  }
  Hdf5Handle memory(H5Screate_simple(1, &elements, nullptr), &H5Sclose);
  if (elements == 0) H5Sselect_none(memory.get());
  return {std::move(dataset), std::move(space), std::move(memory), static_cast<std::size_t>(elements)};
}

template <class T>
std::vector<T> Hdf5Reader::numbers(const std::string& name, hid_t type, std::uint64_t first,
                                   std::uint64_t count) const {
  const Part p = part(name, first, count);
  const Hdf5Quiet quiet;
  std::vector<T> values(p.elements);
  if (H5Dread(p.dataset.get(), type, p.memory_space.get(), p.file_space.get(), H5P_DEFAULT, values.data()) <
      0) {
    throw InputError(
        fmt::format("dataset {} of {} cannot be read as numbers: {}", name, path_, hdf5_reason()));
  }
  return values;
}

std::vector<double> Hdf5Reader::doubles(const std::string& name) const {
  return doubles(name, 0, kAll);
}
std::vector<double> Hdf5Reader::doubles(const std::string& name, std::uint64_t first,
                                        std::uint64_t count) const {
  return numbers<double>(name, H5T_NATIVE_DOUBLE, first, count);
}
std::vector<std::int64_t> Hdf5Reader::integers(const std::string& name) const {
  return integers(name, 0, kAll);
}
std::vector<std::int64_t> Hdf5Reader::integers(const std::string& name, std::uint64_t first,
                                               std::uint64_t count) const {
  return numbers<std::int64_t>(name, H5T_NATIVE_INT64, first, count);
}

std::vector<float> Hdf5Reader::floats(const std::string& name) const {
  return numbers<float>(name, H5T_NATIVE_FLOAT, 0, kAll);
}

std::vector<std::string> Hdf5Reader::texts(const std::string& name) const {
  return texts(name, 0, kAll);
}

std::vector<std::string> Hdf5Reader::texts(const std::string& name, std::uint64_t first,
                                           std::uint64_t count) const {
  const Part p = part(name, first, count);
  const Hdf5Quiet quiet;
  const Hdf5Handle type(H5Dget_type(p.dataset.get()), &H5Tclose);
  std::vector<std::string> texts(p.elements);
  const auto read = [&](void* to) {
    return H5Dread(p.dataset.get(), type.get(), p.memory_space.get(), p.file_space.get(), H5P_DEFAULT, to) >=
           0;
  };
  bool done = false;
  if (H5Tis_variable_str(type.get()) > 0) {
    std::vector<char*> pointers(texts.size(), nullptr);
    done = read(pointers.data());
    if (done) {
      for (std::size_t k = 0; k < texts.size(); ++k) texts[k] = pointers[k] == nullptr ? "" : pointers[k];
      H5Dvlen_reclaim(type.get(), p.memory_space.get(), H5P_DEFAULT, pointers.data());
    }
  } else if (H5Tget_class(type.get()) == H5T_STRING) {
    const std::size_t bytes = H5Tget_size(type.get());
    std::string padded(bytes * texts.size(), '\0');
    done = read(padded.data());
    for (std::size_t k = 0; k < texts.size(); ++k) {
      texts[k].assign(padded.data() + k * bytes, strnlen(padded.data() + k * bytes, bytes));
    }
  }
  if (!done) throw InputError(fmt::format("dataset {} of {} cannot be read as strings", name, path_));
  return texts;
}

std::int64_t Hdf5Reader::attribute(const std::string& name, std::int64_t otherwise) const {
  const Hdf5Quiet quiet;
  if (H5Aexists(file_.get(), name.c_str()) <= 0) return otherwise;
  const Hdf5Handle attribute(H5Aopen(file_.get(), name.c_str(), H5P_DEFAULT), &H5Aclose);
  std::int64_t value = 0;
  if (attribute.get() < 0 || H5Aread(attribute.get(), H5T_NATIVE_INT64, &value) < 0) {
    throw InputError(fmt::format("attribute {} of {} is not an integer", name, path_));
  }
  return value;
}

std::string Hdf5Reader::text_attribute(const std::string& object, const std::string& name) const {
  const Hdf5Quiet quiet;
  const Hdf5Handle attribute(
      H5Aopen_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
  if (attribute.get() < 0) return {};
  const Hdf5Handle type(H5Aget_type(attribute.get()), &H5Tclose);
  std::string text(H5Tget_size(type.get()), '\0');
  if (H5Aread(attribute.get(), type.get(), text.data()) < 0) return {};
  return text;
}

}  // namespace rankine::files
