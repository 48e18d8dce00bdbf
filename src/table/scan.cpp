// SPDX-License-Identifier: Apache-2.0
#include "table/scan.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/error.hpp>

#include "files/csv.hpp"

namespace rankine::table {

namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_integer(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

/// What is known of a value column's type so far.
struct Evidence {
  ColumnType type = ColumnType::integer;
  bool any = false;
  bool missing = false;
  bool must_be_number = false;
  std::string why_text;

  /// As doubles where some integers are missing, and where there is nothing at all.
  ColumnType verdict() const {
    return type == ColumnType::integer && (missing || !any) ? ColumnType::number : type;
  }
};

std::size_t position(const std::vector<std::string>& names, const std::string& wanted) {
  const auto found = std::find(names.begin(), names.end(), wanted);
  if (found == names.end()) {
    throw InputError(fmt::format("there is no column \"{}\"; there are: {}", wanted, fmt::join(names, ", ")));
  }
  return static_cast<std::size_t>(found - names.begin());
}

/// Positions of the key columns, then of the value columns.
std::vector<std::size_t> selection(const std::vector<std::string>& names, const GroupOptions& options) {
  std::vector<std::size_t> selected;
  for (const std::string& name : options.by) selected.push_back(position(names, name));
  std::vector<std::string> wanted = options.columns.empty() ? names : options.columns;
  for (const std::string& name : wanted) {
    const std::size_t at = position(names, name);
    const bool is_key = contains(options.by, name);
    if ((is_key && options.columns.empty()) || contains(options.without, name)) continue;
    if (std::find(selected.begin(), selected.end(), at) != selected.end()) {
      throw InputError(fmt::format("column \"{}\" is named twice, as a {} column and as a value column", name,
                                   is_key ? "key" : "value"));
    }
    selected.push_back(at);
  }
  for (const auto* list : {&options.without, &options.numbers, &options.texts}) {
    for (const std::string& name : *list) position(names, name);  // only says what is not there
  }
  return selected;
}

void look_at_text(std::string_view text, std::size_t row, const std::string& name, const RowSource& source,
                  Evidence& evidence) {
  evidence.any = true;
  if (evidence.type == ColumnType::integer && is_integer(text)) return;
  if (files::parse_number(text)) {
    evidence.type = ColumnType::number;
    return;
  }
  evidence.type = ColumnType::text;
  evidence.why_text = fmt::format("{}, column \"{}\": \"{}\" is not a number", source.place(row), name, text);
  if (evidence.must_be_number) throw InputError(evidence.why_text);
}

void look_at_cells(const Cells& cells, std::size_t rows, const std::string& name, const MissingTexts& missing,
                   const RowSource& source, Evidence& evidence) {
  if (!cells.numbers.empty()) evidence.type = ColumnType::number;
  if (cells.texts.empty()) {
    evidence.any = true;
    return;
  }
  for (std::size_t row = 0; row < rows && evidence.type != ColumnType::text; ++row) {
    if (missing(cells.texts[row])) {
      evidence.missing = true;
    } else {
      look_at_text(cells.texts[row], row, name, source, evidence);
    }
  }
}

}  // namespace

bool MissingTexts::operator()(std::string_view text) const {
  return files::is_missing(text) || std::find(more_.begin(), more_.end(), text) != more_.end();
}

std::uint32_t KeyTable::find(bool may_add) {
  joined_.clear();
  for (const std::string& text : texts_) {
    joined_ += text;
    joined_ += '\x1f';  // the separator of units: ("a", "bc") is not ("ab", "c")
  }
  if (joined_ == last_joined_ && !keys_.empty()) return last_;
  const auto found = index_.find(joined_);
  if (found == index_.end()) {
    if (!may_add) throw SystemError("the table changed while it was being read: start again");
    if (keys_.size() == std::numeric_limits<std::uint32_t>::max())
      throw InputError("a table of more than 4,294,967,295 groups");
    last_ = static_cast<std::uint32_t>(keys_.size());
    index_.emplace(joined_, last_);
    keys_.push_back(texts_);
  } else {
    last_ = found->second;
  }
  last_joined_ = joined_;
  return last_;
}

std::string_view key_text(const Cells& cells, std::size_t row, std::string& buffer) {
  if (!cells.texts.empty()) return cells.texts[row];
  buffer =
      cells.integers.empty() ? fmt::format("{}", cells.numbers[row]) : fmt::format("{}", cells.integers[row]);
  return buffer;
}

TableScan scan_table(RowSource& source, const GroupOptions& options, KeyTable& keys) {
  const std::vector<std::size_t> selected = selection(source.names(), options);
  source.select(selected);
  TableScan scan;
  scan.schema.by = options.by;
  const std::size_t first = options.by.size();
  std::vector<Evidence> evidence(selected.size() - first);
  for (std::size_t c = 0; c < evidence.size(); ++c) {
    const std::string& name = source.names()[selected[first + c]];
    scan.schema.columns.push_back({name, {}, {}, {}});
    evidence[c].must_be_number = contains(options.numbers, name);
    if (contains(options.texts, name)) evidence[c].type = ColumnType::text;
  }
  const MissingTexts missing(options.missing);
  RowBlock block;
  std::string buffer;
  while (source.next(block)) {
    for (std::size_t row = 0; row < block.rows; ++row) {
      for (std::size_t k = 0; k < first; ++k) keys.set(k, key_text(block.columns[k], row, buffer));
      const std::uint32_t group = keys.find(true);
      if (group == scan.rows.size()) scan.rows.push_back(0);
      ++scan.rows[group];
    }
    for (std::size_t c = 0; c < evidence.size(); ++c) {
      look_at_cells(block.columns[first + c], block.rows, scan.schema.columns[c].name, missing, source,
                    evidence[c]);
    }
    scan.rows_total += block.rows;
  }
  for (std::size_t c = 0; c < evidence.size(); ++c) {
    scan.schema.columns[c].type = evidence[c].verdict();
    scan.schema.columns[c].why_text = evidence[c].why_text;
  }
  return scan;
}

}  // namespace rankine::table
