// SPDX-License-Identifier: Apache-2.0
// A table that is read from front to back, some rows at a time, and again from the front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/table/groups.hpp>

namespace rankine::table {

/// Cells of one column in consecutive rows: one of the three is filled.
struct Cells {
  std::vector<std::string_view> texts;  ///< as in the file, blanks and quotes removed
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;
};

struct RowBlock {
  std::size_t rows = 0;
  std::vector<Cells> columns;  ///< those that were selected, in that order
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  /// All columns of the table.
  virtual const std::vector<std::string>& names() const = 0;
  /// Which of them next() gives. Before the first row.
  virtual void select(const std::vector<std::size_t>& columns) = 0;
  /// Views are good until the next call. False at the end.
  virtual bool next(RowBlock& block) = 0;
  /// "adult.csv, line 17", of a row of the last block.
  virtual std::string place(std::size_t row) const = 0;
  virtual void rewind() = 0;
};

/// By the first bytes of the file: HDF5, else CSV, gzip or plain.
std::unique_ptr<RowSource> open_table(const std::filesystem::path& path, const GroupOptions& options);
std::unique_ptr<RowSource> open_csv(const std::filesystem::path& path, const GroupOptions& options);
std::unique_ptr<RowSource> open_hdf5(const std::filesystem::path& path);

}  // namespace rankine::table
