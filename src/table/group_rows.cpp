// SPDX-License-Identifier: Apache-2.0
#include "table/group_rows.hpp"

#include <bit>

#include <rankine/core/error.hpp>

namespace rankine::table {

namespace {

template <class T>
std::vector<T> slice(const std::vector<T>& values, std::uint64_t begin, std::uint64_t end) {
  if (values.empty()) return {};
  return {values.begin() + static_cast<std::ptrdiff_t>(begin),
          values.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace

GroupRows::GroupRows(std::uint64_t first, std::span<const std::uint64_t> rows,
                     const std::vector<ColumnType>& types)
    : first_(first), types_(types), starts_{0} {
  starts_.reserve(rows.size() + 1);
  for (const std::uint64_t count : rows) starts_.push_back(starts_.back() + count);
  filled_.assign(starts_.begin(), starts_.end() - 1);
  row_numbers_.resize(starts_.back());
  columns_.resize(types.size());
  for (std::size_t c = 0; c < types.size(); ++c) {
    if (types[c] == ColumnType::number) columns_[c].numbers.resize(starts_.back());
    if (types[c] == ColumnType::integer) columns_[c].integers.resize(starts_.back());
    if (types[c] == ColumnType::text) columns_[c].codes.resize(starts_.back());
  }
}

void GroupRows::place(RowWords row) {
  const std::size_t group = row[0] - first_;
  const std::uint64_t at = filled_[group]++;
  if (at >= starts_[group + 1]) throw SystemError("the table changed while it was being read: start again");
  row_numbers_[at] = row[1];
  for (std::size_t c = 0; c < types_.size(); ++c) {
    const std::uint64_t word = row[kRowWordsBeforeValues + c];
    switch (types_[c]) {
      case ColumnType::number:
        columns_[c].numbers[at] = std::bit_cast<double>(word);
        break;
      case ColumnType::integer:
        columns_[c].integers[at] = std::bit_cast<std::int64_t>(word);
        break;
      case ColumnType::text:
        columns_[c].codes[at] = static_cast<std::int32_t>(std::bit_cast<std::int64_t>(word));
        break;
    }
  }
}

GroupChunk GroupRows::chunk(std::uint64_t group, std::span<const std::vector<std::string>> keys) const {
  GroupChunk chunk;
  chunk.first = group;
  chunk.keys.assign(keys.begin(), keys.end());
  const std::size_t from = group - first_;
  const std::uint64_t begin = starts_[from];
  const std::uint64_t end = starts_[from + keys.size()];
  for (std::size_t k = 0; k <= keys.size(); ++k) chunk.offsets.push_back(starts_[from + k] - begin);
  chunk.row_numbers = slice(row_numbers_, begin, end);
  for (const ColumnValues& column : columns_) {
    chunk.columns.push_back({slice(column.numbers, begin, end), slice(column.integers, begin, end),
                             slice(column.codes, begin, end)});
  }
  return chunk;
}

}  // namespace rankine::table
