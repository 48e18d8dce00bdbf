// SPDX-License-Identifier: Apache-2.0
// The rows of consecutive groups, put together: filled row by row in any order of groups, given in chunks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <rankine/table/group.hpp>

namespace rankine::table {

/// A row on its way: its group, its number, then the value of each column as the bits of a double, an int64
/// or a code.
using RowWords = std::span<const std::uint64_t>;
inline constexpr std::size_t kRowWordsBeforeValues = 2;

class GroupRows {
 public:
  /// Of groups first .. first+rows.size()-1 with so many rows each; `types` of the value columns.
  GroupRows(std::uint64_t first, std::span<const std::uint64_t> rows, const std::vector<ColumnType>& types);

  /// Rows of a group must come in the order of the table. Throws SystemError for more than were announced.
  void place(RowWords row);
  /// Groups group .. group+count-1 (numbers of the table), whose keys these are.
  GroupChunk chunk(std::uint64_t group, std::span<const std::vector<std::string>> keys) const;

 private:
  std::uint64_t first_;
  std::vector<ColumnType> types_;
  std::vector<std::uint64_t> starts_;  ///< of each group, and the end
  std::vector<std::uint64_t> filled_;  ///< of each group: where its next row goes
  std::vector<std::uint64_t> row_numbers_;
  std::vector<ColumnValues> columns_;
};

}  // namespace rankine::table
