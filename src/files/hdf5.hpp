// SPDX-License-Identifier: Apache-2.0
// HDF5 handles that close themselves, and the few operations the readers need. Every call is checked; a
// failure is a SystemError naming the call, the object and the file. Layouts are not known here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <hdf5.h>

namespace rankine::files {

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

/// Before anything else: a file on a full disk cannot be closed, and the library would try again and again at
/// the program's end. Handles close what they opened.
void hdf5_begin();

/// HDF5 prints its error stack to standard error unless told not to; our sentences replace it.
class Hdf5Quiet {
 public:
  Hdf5Quiet();
  Hdf5Quiet(const Hdf5Quiet&) = delete;
  Hdf5Quiet& operator=(const Hdf5Quiet&) = delete;
  ~Hdf5Quiet();

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

/// What HDF5 itself says is wrong: the innermost cause of the last call.
std::string hdf5_reason();

/// Fixed-length UTF-8, padded with zeros: readable everywhere, and the same bytes always.
Hdf5Handle hdf5_text_type(std::size_t bytes);

/// A file being read. A missing or ill-formed dataset is an InputError naming it.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(const std::filesystem::path& path);

  bool has(const std::string& name) const;
  /// One-dimensional datasets (others are read flat). HDF5 converts integers and floats.
  std::vector<double> doubles(const std::string& name) const;
  std::vector<std::int64_t> integers(const std::string& name) const;
  std::vector<float> floats(const std::string& name) const;
  /// Fixed- or variable-length strings.
  std::vector<std::string> texts(const std::string& name) const;
  /// Rows first .. first+count-1 only: all elements along the other dimensions, one row after another.
  std::vector<double> doubles(const std::string& name, std::uint64_t first, std::uint64_t count) const;
  std::vector<std::int64_t> integers(const std::string& name, std::uint64_t first, std::uint64_t count) const;
  std::vector<std::string> texts(const std::string& name, std::uint64_t first, std::uint64_t count) const;
  /// The integer attribute of the root group, or `otherwise`.
  std::int64_t attribute(const std::string& name, std::int64_t otherwise) const;
  /// The lengths along each dimension of a dataset.
  std::vector<std::size_t> shape(const std::string& name) const;
  /// The text attribute of an object, or empty.
  std::string text_attribute(const std::string& object, const std::string& name) const;

 private:
  /// Of a dataset's elements: all, or those of some rows.
  struct Part;
  Hdf5Handle open(const std::string& name) const;
  Part part(const std::string& name, std::uint64_t first, std::uint64_t count) const;
  template <class T>
  std::vector<T> numbers(const std::string& name, hid_t type, std::uint64_t first, std::uint64_t count) const;

  std::string path_;
  Hdf5Handle file_;
};

}  // namespace rankine::files
