// SPDX-License-Identifier: Apache-2.0
#include "forecast/hdf5.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::forecast {

namespace {

/// HDF5 prints its error stack to standard error unless told not to; our sentences replace it.
class QuietErrors {
 public:
  QuietErrors() {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
  ~QuietErrors() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

/// What HDF5 itself says is wrong, innermost cause first.
std::string hdf5_reason() {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned depth, const H5E_error2_t* error, void* out) -> herr_t {
        if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &reason);
  return reason.empty() ? "HDF5 gives no reason" : reason;
}

std::FILE* open_for_writing(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    throw SystemError(
        fmt::format("fopen cannot create {}: {}; check that the folder exists and can be written", path,
                    std::strerror(errno)));
  }
  return file;
}

/// An empty file in memory. Without tracked times equal contents give equal bytes.
Hdf5Handle create_in_memory(const std::string& path) {
  const QuietErrors quiet;
  constexpr std::size_t growth_bytes = std::size_t{1} << 22;
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
  const Hdf5Handle creation(H5Pcreate(H5P_FILE_CREATE), &H5Pclose);
  const bool set = H5Pset_fapl_core(access.get(), growth_bytes, false) >= 0 &&
                   H5Pset_obj_track_times(creation.get(), false) >= 0;
  const hid_t file = set ? H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()) : -1;
  if (file < 0)
    throw SystemError(fmt::format("H5Fcreate (in memory) failed for {}: {}", path, hdf5_reason()));
  return {file, &H5Fclose};
}

Hdf5Handle open_file(const std::string& path) {
  const QuietErrors quiet;
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) {
    throw InputError(fmt::format("{} is not a readable HDF5 file ({}); it may be cut short or damaged", path,
                                 hdf5_reason()));
  }
  return {file, &H5Fclose};
}

Hdf5Handle text_type(std::size_t bytes) {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), &H5Tclose);
  H5Tset_size(type.get(), std::max<std::size_t>(bytes, 1));
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  return type;
}

}  // namespace

// ---- Writing

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path)
    : path_(path.string()),
      partial_(path_ + ".partial"),
      disk_(open_for_writing(partial_), &std::fclose),
      file_(create_in_memory(path_)) {}

Hdf5Writer::~Hdf5Writer() {
  if (disk_) std::remove(partial_.c_str());
}

void Hdf5Writer::fail(std::string_view call, std::string_view object) const {
  throw SystemError(fmt::format("{} failed for {} in {}: {}; check free space and permissions", call, object,
                                path_, hdf5_reason()));
}

void Hdf5Writer::write_raw(const std::string& name, hid_t type, const void* data, const Shape& shape) {
  const QuietErrors quiet;
  const std::vector<hsize_t> lengths(shape.begin(), shape.end());
  const Hdf5Handle space(H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr),
                         &H5Sclose);
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
  if (space.get() < 0 || creation.get() < 0 || H5Pset_obj_track_times(creation.get(), false) < 0) {
    fail("H5Screate_simple", name);
  }
  Hdf5Handle dataset(
      H5Dcreate2(file_.get(), name.c_str(), type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
      &H5Dclose);
  if (dataset.get() < 0) fail("H5Dcreate2", name);
  if (H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) fail("H5Dwrite", name);
  if (!dataset.close()) fail("H5Dclose", name);
}

void Hdf5Writer::write(const std::string& name, std::span<const double> values, const Shape& shape) {
  write_raw(name, H5T_NATIVE_DOUBLE, values.data(), shape);
}
void Hdf5Writer::write(const std::string& name, std::span<const std::int64_t> values, const Shape& shape) {
  write_raw(name, H5T_NATIVE_INT64, values.data(), shape);
}
void Hdf5Writer::write(const std::string& name, std::span<const std::uint8_t> values, const Shape& shape) {
  write_raw(name, H5T_NATIVE_UINT8, values.data(), shape);
}

void Hdf5Writer::write(const std::string& name, std::span<const std::string> texts) {
  std::size_t longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  std::string padded(longest * texts.size(), '\0');
  for (std::size_t k = 0; k < texts.size(); ++k) texts[k].copy(padded.data() + k * longest, longest);
  const Hdf5Handle type = text_type(longest);
  write_raw(name, type.get(), padded.data(), {texts.size()});
}

void Hdf5Writer::attribute_raw(const std::string& object, const std::string& name, hid_t type,
                               const void* data) {
  const QuietErrors quiet;
  const Hdf5Handle target(H5Oopen(file_.get(), object.c_str(), H5P_DEFAULT), &H5Oclose);
  if (target.get() < 0) fail("H5Oopen", object);
  const Hdf5Handle space(H5Screate(H5S_SCALAR), &H5Sclose);
  const Hdf5Handle attribute(
      H5Acreate2(target.get(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
  if (attribute.get() < 0) fail("H5Acreate2", object + "@" + name);
  if (H5Awrite(attribute.get(), type, data) < 0) fail("H5Awrite", object + "@" + name);
}

void Hdf5Writer::attribute(const std::string& object, const std::string& name, std::string_view text) {
  const std::string bytes(text.empty() ? " " : text);
  const Hdf5Handle type = text_type(bytes.size());
  attribute_raw(object, name, type.get(), bytes.data());
}
void Hdf5Writer::attribute(const std::string& object, const std::string& name, std::int64_t value) {
  attribute_raw(object, name, H5T_NATIVE_INT64, &value);
}

void Hdf5Writer::close() {
  const QuietErrors quiet;
  if (H5Fflush(file_.get(), H5F_SCOPE_GLOBAL) < 0) fail("H5Fflush", "the file");
  const ssize_t bytes = H5Fget_file_image(file_.get(), nullptr, 0);
  if (bytes < 0) fail("H5Fget_file_image", "the file");
  std::vector<char> image(static_cast<std::size_t>(bytes));
  if (H5Fget_file_image(file_.get(), image.data(), image.size()) != bytes)
    fail("H5Fget_file_image", "the file");
  if (!file_.close()) fail("H5Fclose", "the file");
  const bool written = std::fwrite(image.data(), 1, image.size(), disk_.get()) == image.size() &&
                       std::fflush(disk_.get()) == 0 && fsync(fileno(disk_.get())) == 0;
  const int error = errno;
  if (!written || std::rename(partial_.c_str(), path_.c_str()) != 0) {
    throw SystemError(
        fmt::format("writing {} bytes to {} failed: {}; free some space or choose another folder", bytes,
                    partial_, std::strerror(written ? errno : error)));
  }
  disk_.reset();
}

// ---- Reading

Hdf5Reader::Hdf5Reader(const std::filesystem::path& path) : path_(path.string()), file_(open_file(path_)) {}

bool Hdf5Reader::has(const std::string& name) const {
  const QuietErrors quiet;
  return H5Lexists(file_.get(), name.c_str(), H5P_DEFAULT) > 0;
}

Hdf5Handle Hdf5Reader::open(const std::string& name) const {
  const QuietErrors quiet;
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

template <class T>
std::vector<T> Hdf5Reader::numbers(const std::string& name, hid_t type) const {
  const Hdf5Handle dataset = open(name);
  const QuietErrors quiet;
  const Hdf5Handle space(H5Dget_space(dataset.get()), &H5Sclose);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0) throw SystemError(fmt::format("H5Dget_space failed for {} in {}", name, path_));
  std::vector<T> values(static_cast<std::size_t>(count));
  if (H5Dread(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
    throw InputError(
        fmt::format("dataset {} of {} cannot be read as numbers: {}", name, path_, hdf5_reason()));
  }
  return values;
}

std::vector<double> Hdf5Reader::doubles(const std::string& name) const {
  return numbers<double>(name, H5T_NATIVE_DOUBLE);
}
std::vector<std::int64_t> Hdf5Reader::integers(const std::string& name) const {
  return numbers<std::int64_t>(name, H5T_NATIVE_INT64);
}

std::vector<std::string> Hdf5Reader::texts(const std::string& name) const {
  const Hdf5Handle dataset = open(name);
  const QuietErrors quiet;
  const Hdf5Handle space(H5Dget_space(dataset.get()), &H5Sclose);
  const Hdf5Handle type(H5Dget_type(dataset.get()), &H5Tclose);
  const auto count =
      static_cast<std::size_t>(std::max<hssize_t>(H5Sget_simple_extent_npoints(space.get()), 0));
  std::vector<std::string> texts(count);
  herr_t read = -1;
  if (H5Tis_variable_str(type.get()) > 0) {
    std::vector<char*> pointers(count, nullptr);
    read = H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data());
    if (read >= 0) {
      for (std::size_t k = 0; k < count; ++k) texts[k] = pointers[k] == nullptr ? "" : pointers[k];
      H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, pointers.data());
    }
  } else if (H5Tget_class(type.get()) == H5T_STRING) {
    const std::size_t bytes = H5Tget_size(type.get());
    std::string padded(bytes * count, '\0');
    read = H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, padded.data());
    for (std::size_t k = 0; k < count; ++k) {
      texts[k].assign(padded.data() + k * bytes, strnlen(padded.data() + k * bytes, bytes));
    }
  }
  if (read < 0) throw InputError(fmt::format("dataset {} of {} cannot be read as strings", name, path_));
  return texts;
}

std::int64_t Hdf5Reader::attribute(const std::string& name, std::int64_t otherwise) const {
  const QuietErrors quiet;
  if (H5Aexists(file_.get(), name.c_str()) <= 0) return otherwise;
  const Hdf5Handle attribute(H5Aopen(file_.get(), name.c_str(), H5P_DEFAULT), &H5Aclose);
  std::int64_t value = 0;
  if (attribute.get() < 0 || H5Aread(attribute.get(), H5T_NATIVE_INT64, &value) < 0) {
    throw InputError(fmt::format("attribute {} of {} is not an integer", name, path_));
  }
  return value;
}

std::string Hdf5Reader::text_attribute(const std::string& object, const std::string& name) const {
  const QuietErrors quiet;
  const Hdf5Handle attribute(
      H5Aopen_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
  if (attribute.get() < 0) return {};
  const Hdf5Handle type(H5Aget_type(attribute.get()), &H5Tclose);
  std::string text(H5Tget_size(type.get()), '\0');
  if (H5Aread(attribute.get(), type.get(), text.data()) < 0) return {};
  return text;
}

}  // namespace rankine::forecast
