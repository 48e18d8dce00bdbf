// SPDX-License-Identifier: Apache-2.0
#include <rankine/table/group.hpp>

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>

namespace rankine {

namespace {

const char* words(ColumnType type) {
  switch (type) {
    case ColumnType::number:
      return "numbers";
    case ColumnType::integer:
      return "whole numbers";
    case ColumnType::text:
      return "text";
  }
  return "";
}

}  // namespace

std::size_t TableSchema::at(std::string_view name) const {
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].name == name) return c;
  }
  std::vector<std::string> names;
  for (const TableColumn& column : columns) names.push_back(column.name);
  throw InputError(
      fmt::format("there is no value column \"{}\"; there are: {}", name, fmt::join(names, ", ")));
}

std::size_t TableSchema::at(std::string_view name, ColumnType type) const {
  const std::size_t found = at(name);
  const TableColumn& column = columns[found];
  if (column.type == type) return found;
  throw InputError(fmt::format("column \"{}\" holds {}, not {}{}{}", name, words(column.type), words(type),
                               column.why_text.empty() ? "" : ": ", column.why_text));
}

const std::string& Group::key(std::string_view column) const {
  for (std::size_t k = 0; k < schema_->by.size(); ++k) {
    if (schema_->by[k] == column) return key()[k];
  }
  throw InputError(
      fmt::format("there is no key column \"{}\"; there are: {}", column, fmt::join(schema_->by, ", ")));
}

std::string Group::key_text() const {
  return fmt::format("{}", fmt::join(key(), ", "));
}

std::span<const double> Group::numbers(std::string_view column) const {
  return part(chunk_->columns[schema_->at(column, ColumnType::number)].numbers);
}
std::span<const std::int64_t> Group::integers(std::string_view column) const {
  return part(chunk_->columns[schema_->at(column, ColumnType::integer)].integers);
}
std::span<const std::int32_t> Group::codes(std::string_view column) const {
  return part(chunk_->columns[schema_->at(column, ColumnType::text)].codes);
}

std::vector<double> Group::values(std::string_view column) const {
  if (schema_->columns[schema_->at(column)].type == ColumnType::integer) {
    const auto whole = integers(column);
    return {whole.begin(), whole.end()};
  }
  const auto all = numbers(column);
  return {all.begin(), all.end()};
}

const std::vector<std::string>& Group::categories(std::string_view column) const {
  return schema_->columns[schema_->at(column, ColumnType::text)].categories;
}

Philox Group::random(std::uint64_t stream) const {
  std::uint64_t name = hash_mix(0, stream);
  for (const std::string& text : key()) name = hash_text(text, name);
  return {seed_, name};
}

}  // namespace rankine
