// SPDX-License-Identifier: Apache-2.0
// Where the rows of a table's groups are: in memory, or cut into files of consecutive groups.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "table/group_rows.hpp"
#include "table/row_source.hpp"
#include "table/scan.hpp"
#include "table/spill_file.hpp"

namespace rankine::table {

class GroupStore {
 public:
  /// Reads the source to its end, which scan_table has read before.
  GroupStore(RowSource& source, const GroupOptions& options, TableScan scan, KeyTable& keys);

  const TableSchema& schema() const { return scan_.schema; }
  const std::vector<std::vector<std::string>>& keys() const { return keys_; }
  const std::vector<std::uint64_t>& rows() const { return scan_.rows; }
  std::uint64_t rows_total() const { return scan_.rows_total; }
  bool on_disk() const { return memory_ == nullptr; }

  /// A batch is a run of groups whose rows are in memory at once.
  std::size_t batch_of(std::size_t group) const;
  std::size_t batch_end(std::size_t batch) const { return batches_[batch + 1]; }
  std::shared_ptr<const GroupRows> load(std::size_t batch) const;

 private:
  std::size_t row_words() const { return kRowWordsBeforeValues + scan_.schema.columns.size(); }
  std::shared_ptr<GroupRows> empty_rows(std::size_t batch) const;
  void cut(std::uint64_t bytes_max);
  void fill(RowSource& source, const GroupOptions& options, KeyTable& keys);

  TableScan scan_;
  std::vector<ColumnType> types_;
  std::vector<std::vector<std::string>> keys_;
  std::vector<std::size_t> batches_;  ///< the first group of each, and the number of groups
  std::shared_ptr<GroupRows> memory_;
  std::vector<SpillFile> files_;
};

}  // namespace rankine::table
