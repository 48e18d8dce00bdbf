// SPDX-License-Identifier: Apache-2.0
// A table's rows put together by key columns: from CSV, gzip CSV or HDF5, of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <rankine/table/group.hpp>

namespace rankine {

struct GroupOptions {
  /// Key columns: rows whose texts are equal there are a group. Empty: the whole table is one.
  std::vector<std::string> by = {};
  /// Value columns that are wanted. Empty: all but the key columns.
  std::vector<std::string> columns = {};
  /// Columns that are not wanted.
  std::vector<std::string> without = {};
  /// Of the value columns those that must be numbers: a text in one is an error that names file, line and
  /// column.
  std::vector<std::string> numbers = {};
  /// Columns to be taken as text whatever they hold, such as postcodes.
  std::vector<std::string> texts = {};
  /// Names of all columns of a CSV file without a header line.
  std::vector<std::string> names = {};
  /// What means "missing" beside an empty field, NA, N/A, null and NaN, e.g. "?".
  std::vector<std::string> missing = {};
  /// Lines of a CSV file that begin with it are skipped; 0: none.
  char comment = 0;
  /// Memory for values. A table that needs more is cut into files, of consecutive groups, which are read one
  /// after another: then it is the memory of what is cut and of each file, and a group alone may exceed it.
  /// Beside it stay in memory: the keys of all groups, the categories of all text columns, a block of the
  /// file (a mebibyte of CSV, 65,536 rows of HDF5).
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  /// Where these files go (they have no name). Empty: TMPDIR, else /tmp.
  std::string spill_directory = {};
};

namespace table {
class GroupStore;
class GroupRows;
}  // namespace table

/// The groups of a table, in the order in which they first appear in the file.
class Groups {
 public:
  explicit Groups(std::shared_ptr<const table::GroupStore> store) : store_(std::move(store)) {}

  std::size_t size() const;
  std::uint64_t rows() const;  ///< of the table
  const TableSchema& schema() const;
  const std::vector<std::string>& key(std::size_t group) const;
  std::uint64_t rows_of(std::size_t group) const;
  bool on_disk() const;  ///< it did not fit GroupOptions::memory_bytes

  /// Takes the groups off, a chunk after another, in order.
  class Cursor {
   public:
    /// Of at most `groups_max` groups, and no further ones once it has `rows_max` rows; both at least 1.
    Cursor(const Groups& groups, std::uint64_t rows_max, std::uint64_t groups_max);
    Cursor(Cursor&&) noexcept;
    ~Cursor();
    /// Nothing when all were given. Throws SystemError when what was put on disk cannot be read.
    std::optional<GroupChunk> next();

   private:
    std::shared_ptr<const table::GroupStore> store_;
    std::uint64_t rows_max_;
    std::uint64_t groups_max_;
    std::size_t at_ = 0;  ///< the next group
    std::size_t batch_ = 0;
    std::shared_ptr<const table::GroupRows> rows_;  ///< of batch_, when it is in memory
  };

 private:
  std::shared_ptr<const table::GroupStore> store_;
};

/// Reads a table and groups its rows. In CSV (RFC 4180 without line ends inside fields; quotes inside a
/// quoted field are kept as written) a column whose fields are all whole numbers is `integer`, all numbers
/// `number`, else `text`. In HDF5 each column is a one-dimensional dataset of the root group, all of one
/// length. The file is read twice: for types, keys and sizes, then for values. Throws InputError that names
/// the file, and the line and column where there is one; SystemError when the disk fails.
Groups read_groups(const std::filesystem::path& path, const GroupOptions& options);

}  // namespace rankine
