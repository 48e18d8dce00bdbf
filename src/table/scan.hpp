// SPDX-License-Identifier: Apache-2.0
// The first reading of a table: which groups there are, how many rows each has, and of what type the columns
// are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "table/row_source.hpp"

namespace rankine::table {

/// The groups by key, in the order in which they came.
class KeyTable {
 public:
  explicit KeyTable(std::size_t columns) : texts_(columns) {}
  /// Sets the text of a key column of the row that is asked for next.
  void set(std::size_t column, std::string_view text) { texts_[column] = text; }
  /// Number of the group with these texts; a new one where `may_add`. Throws SystemError where it is unknown
  /// and may not be: the file changed between its two readings.
  std::uint32_t find(bool may_add);

  const std::vector<std::vector<std::string>>& keys() const { return keys_; }

 private:
  std::vector<std::string> texts_;
  std::string joined_;
  std::string last_joined_;  ///< rows of a group mostly follow each other
  std::uint32_t last_ = 0;
  std::unordered_map<std::string, std::uint32_t> index_;
  std::vector<std::vector<std::string>> keys_;
};

struct TableScan {
  TableSchema schema;               ///< text columns have no categories yet
  std::vector<std::uint64_t> rows;  ///< of each group
  std::uint64_t rows_total = 0;
};

/// Which texts stand for missing values.
class MissingTexts {
 public:
  explicit MissingTexts(const std::vector<std::string>& more) : more_(more) {}
  bool operator()(std::string_view text) const;

 private:
  const std::vector<std::string>& more_;
};

/// Text of a cell of a key column; `buffer` holds that of a number.
std::string_view key_text(const Cells& cells, std::size_t row, std::string& buffer);

/// Selects the key columns, then the value columns, and reads the source to its end. Throws InputError.
TableScan scan_table(RowSource& source, const GroupOptions& options, KeyTable& keys);

}  // namespace rankine::table
