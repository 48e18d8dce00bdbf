// SPDX-License-Identifier: Apache-2.0
#include "table/group_store.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <unordered_map>
#include <utility>

#include <rankine/core/error.hpp>

#include "files/csv.hpp"

namespace rankine::table {

namespace {

/// Makes words of one column's cells, and a text column's categories on the way.
class Encoder {
 public:
  Encoder(TableColumn& column, const MissingTexts& missing) : column_(column), missing_(missing) {}

  std::uint64_t word(const Cells& cells, std::size_t row) {
    switch (column_.type) {
      case ColumnType::number:
        return std::bit_cast<std::uint64_t>(number(cells, row));
      case ColumnType::integer:
        return std::bit_cast<std::uint64_t>(integer(cells, row));
      case ColumnType::text:
        break;
    }
    return std::bit_cast<std::uint64_t>(code(key_text(cells, row, buffer_)));
  }

 private:
  double number(const Cells& cells, std::size_t row) const {
    if (!cells.numbers.empty()) return cells.numbers[row];
    if (!cells.integers.empty()) return static_cast<double>(cells.integers[row]);
    if (missing_(cells.texts[row])) return std::numeric_limits<double>::quiet_NaN();
    return files::parse_number(cells.texts[row]).value_or(std::numeric_limits<double>::quiet_NaN());
  }
  static std::int64_t integer(const Cells& cells, std::size_t row) {
    if (!cells.integers.empty()) return cells.integers[row];
    std::string_view text = cells.texts[row];
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);  // the scan has seen that it is one
    return value;
  }
  std::int64_t code(std::string_view text) {
    if (missing_(text)) return -1;
    const auto [entry, is_new] =
        codes_.try_emplace(std::string(text), static_cast<std::int64_t>(codes_.size()));
    if (is_new) column_.categories.emplace_back(text);
    return entry->second;
  }

  TableColumn& column_;
  const MissingTexts& missing_;
  std::unordered_map<std::string, std::int64_t> codes_;
  std::string buffer_;
};

}  // namespace

GroupStore::GroupStore(RowSource& source, const GroupOptions& options, TableScan scan, KeyTable& keys)
    : scan_(std::move(scan)), keys_(keys.keys()) {
  for (const TableColumn& column : scan_.schema.columns) types_.push_back(column.type);
  const std::uint64_t bytes = 8 * row_words() * scan_.rows_total;
  if (bytes <= options.memory_bytes) {
    batches_ = {0, keys_.size()};
    memory_ = empty_rows(0);
  } else {
    // Half for the batch that is in memory, half for the buffers of all files while they are written.
    cut(std::max<std::uint64_t>(options.memory_bytes / 2, 1));
    const std::size_t count = batches_.size() - 1;
    for (std::size_t k = 0; k < count; ++k)
      files_.emplace_back(options.spill_directory, options.memory_bytes / 16 / count);
  }
  fill(source, options, keys);
}

void GroupStore::cut(std::uint64_t bytes_max) {
  batches_ = {0};
  std::uint64_t bytes = 0;
  for (std::size_t group = 0; group < keys_.size(); ++group) {
    const std::uint64_t more = 8 * row_words() * scan_.rows[group];
    if (bytes > 0 && bytes + more > bytes_max) {
      batches_.push_back(group);
      bytes = 0;
    }
    bytes += more;
  }
  batches_.push_back(keys_.size());
}

void GroupStore::fill(RowSource& source, const GroupOptions& options, KeyTable& keys) {
  const MissingTexts missing(options.missing);
  std::vector<Encoder> encoders;
  for (TableColumn& column : scan_.schema.columns) encoders.emplace_back(column, missing);
  std::vector<std::uint64_t> row(row_words());
  std::vector<std::size_t> batch(keys_.size());
  for (std::size_t b = 0; b + 1 < batches_.size(); ++b) {
    for (std::size_t group = batches_[b]; group < batches_[b + 1]; ++group) batch[group] = b;
  }
  RowBlock block;
  std::string buffer;
  std::uint64_t number = 0;
  const std::size_t first = options.by.size();
  source.rewind();
  while (source.next(block)) {
    for (std::size_t r = 0; r < block.rows; ++r) {
      for (std::size_t k = 0; k < first; ++k) keys.set(k, key_text(block.columns[k], r, buffer));
      row[0] = keys.find(false);
      row[1] = number++;
      for (std::size_t c = 0; c < encoders.size(); ++c)
        row[kRowWordsBeforeValues + c] = encoders[c].word(block.columns[first + c], r);
      if (memory_) {
        memory_->place(row);
      } else {
        files_[batch[row[0]]].append(row);
      }
    }
  }
  if (number != scan_.rows_total) throw SystemError("the table changed while it was being read: start again");
  for (SpillFile& file : files_) file.finish();
}

std::size_t GroupStore::batch_of(std::size_t group) const {
  return static_cast<std::size_t>(std::upper_bound(batches_.begin(), batches_.end(), group) -
                                  batches_.begin() - 1);
}

std::shared_ptr<GroupRows> GroupStore::empty_rows(std::size_t batch) const {
  const std::size_t first = batches_[batch];
  const auto rows = std::span(scan_.rows).subspan(first, batches_[batch + 1] - first);
  return std::make_shared<GroupRows>(first, rows, types_);
}

std::shared_ptr<const GroupRows> GroupStore::load(std::size_t batch) const {
  if (memory_) return memory_;
  std::shared_ptr<GroupRows> rows = empty_rows(batch);
  files_[batch].read(row_words(), [&rows](RowWords row) { rows->place(row); });
  return rows;
}

}  // namespace rankine::table
