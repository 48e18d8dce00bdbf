// SPDX-License-Identifier: Apache-2.0
#include "files/hdf5_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::files {

namespace {

template <class T>
hid_t native_type();
template <>
hid_t native_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t native_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t native_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t native_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}

/// HDF5's own reason for a file that cannot be made is longer than the system's.
void check_writable(const std::string& partial) {
  const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) {
    throw SystemError(
        fmt::format("open cannot create {}: {}; check that the folder exists and can be written", partial,
                    std::strerror(errno)));
  }
  ::close(file);
}

/// Without tracked times equal contents give equal bytes.
Hdf5Handle create_file(const std::string& partial) {
  check_writable(partial);
  hdf5_begin();
  const Hdf5Quiet quiet;
  const Hdf5Handle creation(H5Pcreate(H5P_FILE_CREATE), &H5Pclose);
  const bool set = H5Pset_obj_track_times(creation.get(), false) >= 0;
  const hid_t file = set ? H5Fcreate(partial.c_str(), H5F_ACC_TRUNC, creation.get(), H5P_DEFAULT) : -1;
  if (file < 0) throw SystemError(fmt::format("H5Fcreate failed for {}: {}", partial, hdf5_reason()));
  return {file, &H5Fclose};
}

}  // namespace

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path)
    : path_(path.string()), partial_(path_ + ".partial") {
  file_.push_back(create_file(partial_));
}

Hdf5Writer::~Hdf5Writer() {
  if (file_.empty()) return;
  const Hdf5Quiet quiet;
  text_columns_.clear();
  columns_.clear();
  file_.clear();
  std::remove(partial_.c_str());
}

void Hdf5Writer::fail(std::string_view call, std::string_view object) const {
  throw SystemError(fmt::format("{} failed for {} in {}: {}; check free space and permissions", call, object,
                                path_, hdf5_reason()));
}

template <class T>
Hdf5Column& Hdf5Writer::column(const std::string& name, const Hdf5Shape& row) {
  return columns_.emplace_back(file_.front().get(), path_, name, native_type<T>(), row);
}
template Hdf5Column& Hdf5Writer::column<double>(const std::string&, const Hdf5Shape&);
template Hdf5Column& Hdf5Writer::column<std::int32_t>(const std::string&, const Hdf5Shape&);
template Hdf5Column& Hdf5Writer::column<std::int64_t>(const std::string&, const Hdf5Shape&);
template Hdf5Column& Hdf5Writer::column<std::uint8_t>(const std::string&, const Hdf5Shape&);

Hdf5TextColumn& Hdf5Writer::text_column(const std::string& name) {
  return text_columns_.emplace_back(file_.front().get(), path_, name);
}

void Hdf5Writer::write(const std::string& name, std::span<const double> values) {
  append(column<double>(name), values);
}
void Hdf5Writer::write(const std::string& name, std::span<const std::int64_t> values) {
  append(column<std::int64_t>(name), values);
}
void Hdf5Writer::write(const std::string& name, std::span<const std::string> texts) {
  Hdf5TextColumn& column = text_column(name);
  for (const std::string& text : texts) column.append(text);
}

void Hdf5Writer::write(const std::string& name, std::span<const float> values) {
  const Hdf5Quiet quiet;
  const hsize_t length = values.size();
  const Hdf5Handle space(H5Screate_simple(1, &length, nullptr), &H5Sclose);
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
  if (H5Pset_obj_track_times(creation.get(), false) < 0) fail("H5Pset_obj_track_times", name);
  const Hdf5Handle dataset(H5Dcreate2(file_.front().get(), name.c_str(), H5T_IEEE_F32LE, space.get(),
                                      H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                           &H5Dclose);
  if (dataset.get() < 0) fail("H5Dcreate2", name);
  if (!values.empty() &&
      H5Dwrite(dataset.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    fail("H5Dwrite", name);
}

void Hdf5Writer::attribute_raw(const std::string& object, const std::string& name, hid_t type, hid_t space,
                               const void* data) {
  const Hdf5Quiet quiet;
  const Hdf5Handle target(H5Oopen(file_.front().get(), object.c_str(), H5P_DEFAULT), &H5Oclose);
  if (target.get() < 0) fail("H5Oopen", object);
  const Hdf5Handle attribute(H5Acreate2(target.get(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                             &H5Aclose);
  if (attribute.get() < 0) fail("H5Acreate2", object + "@" + name);
  if (H5Awrite(attribute.get(), type, data) < 0) fail("H5Awrite", object + "@" + name);
}

void Hdf5Writer::attribute(const std::string& object, const std::string& name, std::string_view text) {
  const std::string bytes(text.empty() ? " " : text);
  const Hdf5Handle type = hdf5_text_type(bytes.size());
  const Hdf5Handle space(H5Screate(H5S_SCALAR), &H5Sclose);
  attribute_raw(object, name, type.get(), space.get(), bytes.data());
}
void Hdf5Writer::attribute(const std::string& object, const std::string& name, std::int64_t value) {
  const Hdf5Handle space(H5Screate(H5S_SCALAR), &H5Sclose);
  attribute_raw(object, name, H5T_NATIVE_INT64, space.get(), &value);
}
void Hdf5Writer::attribute(const std::string& object, const std::string& name,
                           std::span<const double> values) {
  const hsize_t length = values.size();
  const Hdf5Handle space(H5Screate_simple(1, &length, nullptr), &H5Sclose);
  attribute_raw(object, name, H5T_NATIVE_DOUBLE, space.get(), values.data());
}

void Hdf5Writer::close() {
  for (Hdf5Column& column : columns_) column.finish();
  for (Hdf5TextColumn& column : text_columns_) column.finish();
  const Hdf5Quiet quiet;
  if (H5Fflush(file_.front().get(), H5F_SCOPE_GLOBAL) < 0) fail("H5Fflush", "the file");
  text_columns_.clear();
  columns_.clear();
  if (!file_.front().close()) fail("H5Fclose", "the file");
  const int disk = ::open(partial_.c_str(), O_WRONLY | O_CLOEXEC);
  const bool safe = disk >= 0 && fsync(disk) == 0;
  const int error = errno;
  if (disk >= 0) ::close(disk);
  if (!safe || std::rename(partial_.c_str(), path_.c_str()) != 0) {
    throw SystemError(fmt::format("writing {} failed: {}; free some space or choose another folder", partial_,
                                  std::strerror(safe ? errno : error)));
  }
  file_.clear();
}

}  // namespace rankine::files
