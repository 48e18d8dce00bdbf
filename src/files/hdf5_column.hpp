// SPDX-License-Identifier: Apache-2.0
// Datasets that grow row by row: chunked, compressed, buffered until a chunk is full. The order of bytes in
// the file depends on the order of rows only, not on how they were cut into calls.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/hdf5.hpp"

namespace rankine::files {

/// The length along each dimension.
using Hdf5Shape = std::vector<std::size_t>;

/// A column of numbers of one type; a row is a block of shape `row` ({} for one number).
class Hdf5Column {
 public:
  /// `file` and `type` outlive the column; `path` is for errors.
  Hdf5Column(hid_t file, std::string path, std::string name, hid_t type, const Hdf5Shape& row);

  /// Whole rows, one after another.
  void append(std::span<const std::byte> rows);
  /// Writes what is buffered. Only once, after the last append.
  void finish();
  /// Appends all that was finished to another column whose type HDF5 can convert this one to.
  void copy_to(Hdf5Column& other) const;

  const std::string& name() const { return name_; }

 private:
  void write(std::size_t bytes);
  [[noreturn]] void fail(std::string_view call) const;

  std::string path_;
  std::string name_;
  hid_t type_;
  std::vector<hsize_t> lengths_;  // of the dataset as written
  std::size_t row_bytes_;
  std::size_t chunk_bytes_;
  std::vector<std::byte> buffer_;
  Hdf5Handle dataset_;
};

/// A column of texts, each as wide as the longest: when a longer one comes, the column is written anew.
class Hdf5TextColumn {
 public:
  Hdf5TextColumn(hid_t file, std::string path, std::string name);
  void append(std::string_view text);
  void finish();

 private:
  void make();
  void widen(std::size_t bytes);

  hid_t file_;
  std::string path_;
  std::string name_;
  std::size_t width_;
  std::vector<char> padded_;
  std::unique_ptr<Hdf5Handle> type_;
  std::unique_ptr<Hdf5Column> column_;
};

}  // namespace rankine::files
