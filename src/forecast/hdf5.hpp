// SPDX-License-Identifier: Apache-2.0
// HDF5 handles that close themselves, and the few operations the readers and writers need. Every call is
// checked; a failure is a SystemError naming the call, the object and the file. Layouts are not known here.
// HDF5 is not thread-safe in most builds: one thread at a time.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hdf5.h>

namespace rankine::forecast {

/// Owns one HDF5 id and the function that closes it.
class Hdf5Handle {
 public:
  Hdf5Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&&) = delete;
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  hid_t get() const { return id_; }
  /// Closes now; false when HDF5 reports an error.
  bool close() { return close_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// A file being written. It is built in memory and appears at `path`, whole, on close(): a full disk cannot
/// leave half a file or a wedged HDF5 library behind. Contents depend on what is written only (no times).
class Hdf5Writer {
 public:
  /// Opens PATH.partial, so that a place that cannot be written is found out at once.
  explicit Hdf5Writer(const std::filesystem::path& path);
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;
  /// Without close() nothing is left behind.
  ~Hdf5Writer();

  using Shape = std::vector<std::size_t>;
  void write(const std::string& name, std::span<const double> values, const Shape& shape);
  void write(const std::string& name, std::span<const std::int64_t> values, const Shape& shape);
  void write(const std::string& name, std::span<const std::uint8_t> values, const Shape& shape);
  /// Fixed-length UTF-8 as long as the longest, padded with zeros: readable everywhere, and the same bytes
  /// always.
  void write(const std::string& name, std::span<const std::string> texts);

  /// Attributes of an object written before, or of the root group ("/").
  void attribute(const std::string& object, const std::string& name, std::string_view text);
  void attribute(const std::string& object, const std::string& name, std::int64_t value);

  /// Writes everything to disk and gives the file its name.
  void close();

 private:
  void write_raw(const std::string& name, hid_t type, const void* data, const Shape& shape);
  void attribute_raw(const std::string& object, const std::string& name, hid_t type, const void* data);
  [[noreturn]] void fail(std::string_view call, std::string_view object) const;

  std::string path_;
  std::string partial_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> disk_;
  Hdf5Handle file_;
};

/// A file being read. A missing or ill-formed dataset is an InputError naming it.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(const std::filesystem::path& path);

  bool has(const std::string& name) const;
  /// One-dimensional datasets (others are read flat). HDF5 converts integers and floats.
  std::vector<double> doubles(const std::string& name) const;
  std::vector<std::int64_t> integers(const std::string& name) const;
  /// Fixed- or variable-length strings.
  std::vector<std::string> texts(const std::string& name) const;
  /// The integer attribute of the root group, or `otherwise`.
  std::int64_t attribute(const std::string& name, std::int64_t otherwise) const;
  /// The lengths along each dimension of a dataset.
  std::vector<std::size_t> shape(const std::string& name) const;
  /// The text attribute of an object, or empty.
  std::string text_attribute(const std::string& object, const std::string& name) const;

 private:
  Hdf5Handle open(const std::string& name) const;
  template <class T>
  std::vector<T> numbers(const std::string& name, hid_t type) const;

  std::string path_;
  Hdf5Handle file_;
};

}  // namespace rankine::forecast
