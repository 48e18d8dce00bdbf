// SPDX-License-Identifier: Apache-2.0
// An HDF5 file being written, column by column and row by row, in memory that does not grow with it. It
// appears under its name, whole, on close(). Contents depend on what is written only (no times). Layouts are
// not known here.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/hdf5_column.hpp"

namespace rankine::files {

class Hdf5Writer {
 public:
  /// Writes to PATH.partial, so that a place that cannot be written is found out at once, and what is at PATH
  /// stays until close().
  explicit Hdf5Writer(const std::filesystem::path& path);
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;
  /// Without close() nothing is left behind.
  ~Hdf5Writer();

  /// Columns that grow; references stay good until close(). T is double, int32, int64 or uint8.
  template <class T>
  Hdf5Column& column(const std::string& name, const Hdf5Shape& row = {});
  Hdf5TextColumn& text_column(const std::string& name);

  /// All of a dataset at once.
  void write(const std::string& name, std::span<const double> values);
  void write(const std::string& name, std::span<const std::int64_t> values);
  void write(const std::string& name, std::span<const std::string> texts);
  /// Not compressed: what is written often and read seldom.
  void write(const std::string& name, std::span<const float> values);

  /// Attributes of a column or of the root group ("/").
  void attribute(const std::string& object, const std::string& name, std::string_view text);
  void attribute(const std::string& object, const std::string& name, std::int64_t value);
  void attribute(const std::string& object, const std::string& name, std::span<const double> values);

  /// Writes everything to disk and gives the file its name.
  void close();

 private:
  void attribute_raw(const std::string& object, const std::string& name, hid_t type, hid_t space,
                     const void* data);
  [[noreturn]] void fail(std::string_view call, std::string_view object) const;

  std::string path_;
  std::string partial_;
  std::deque<Hdf5Handle> file_;  // one, or none after close(); before the columns, which close first
  std::deque<Hdf5Column> columns_;
  std::deque<Hdf5TextColumn> text_columns_;
};

/// Appends rows of numbers; T must be the column's.
template <class T>
void append(Hdf5Column& column, std::span<const T> values) {
  column.append(std::as_bytes(values));
}
template <class T>
void append(Hdf5Column& column, T value) {
  column.append(std::as_bytes(std::span(&value, 1)));
}

}  // namespace rankine::files
