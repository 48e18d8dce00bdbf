// SPDX-License-Identifier: Apache-2.0
// A group of a table: the rows that have the same key. GroupChunk is how groups travel, Group how a user's
// function sees one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/core/philox.hpp>
#include <rankine/table/schema.hpp>

namespace rankine {

/// The values of a column; one of the three is filled, by the column's type.
struct ColumnValues {
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;
  std::vector<std::int32_t> codes;
};

/// Groups that follow each other, and the values of their rows, column by column.
struct GroupChunk {
  std::uint64_t first = 0;                     ///< index of the first group in the table
  std::vector<std::vector<std::string>> keys;  ///< of each group, in the order of TableSchema::by
  std::vector<std::uint64_t> offsets;          ///< rows of group g are offsets[g] .. offsets[g + 1] - 1
  std::vector<std::uint64_t> row_numbers;      ///< of each row in the table, from 0
  std::vector<ColumnValues> columns;           ///< in the order of TableSchema::columns

  std::size_t size() const { return keys.size(); }
  /// What a progress line counts.
  std::uint64_t units() const { return keys.size(); }
};

/// A view of one group; it lives no longer than its chunk and schema.
class Group {
 public:
  /// `seed` names the random numbers of all groups.
  Group(const TableSchema& schema, const GroupChunk& chunk, std::size_t which, std::uint64_t seed)
      : schema_(&schema), chunk_(&chunk), which_(which), seed_(seed) {}

  /// Position in the table's list of groups, by first appearance in the file.
  std::uint64_t index() const { return chunk_->first + which_; }
  /// The texts of the key columns.
  std::span<const std::string> key() const { return chunk_->keys[which_]; }
  /// Of one key column. Throws InputError where there is none of that name.
  const std::string& key(std::string_view column) const;
  /// "Bachelors, Female"
  std::string key_text() const;

  std::size_t rows() const { return static_cast<std::size_t>(end() - begin()); }
  /// Which rows of the table these are, counted from 0, ascending.
  std::span<const std::uint64_t> row_numbers() const { return part(chunk_->row_numbers); }

  /// The values of a column, one a row. Throw InputError where there is no such column, or it is of another
  /// type, saying where the file has what is no number.
  std::span<const double> numbers(std::string_view column) const;
  std::span<const std::int64_t> integers(std::string_view column) const;
  std::span<const std::int32_t> codes(std::string_view column) const;
  /// Copy of a column of numbers or integers as doubles; NaN is missing.
  std::vector<double> values(std::string_view column) const;
  /// What the codes of a text column stand for, for all groups alike.
  const std::vector<std::string>& categories(std::string_view column) const;

  const TableSchema& schema() const { return *schema_; }

  /// Random numbers named by the seed, the group's key and `stream`: the same on any number of ranks, beside
  /// whatever other groups. (rk::random() is named by the chunk in which the group happens to travel.)
  Philox random(std::uint64_t stream = 0) const;

 private:
  std::uint64_t begin() const { return chunk_->offsets[which_]; }
  std::uint64_t end() const { return chunk_->offsets[which_ + 1]; }
  template <class T>
  std::span<const T> part(const std::vector<T>& values) const {
    return std::span(values).subspan(begin(), rows());
  }

  const TableSchema* schema_;
  const GroupChunk* chunk_;
  std::size_t which_;
  std::uint64_t seed_;
};

template <>
struct Codec<ColumnValues> {
  template <class Sink>
  static void pack(Sink& sink, const ColumnValues& values) {
    rankine::pack(sink, values.numbers);
    rankine::pack(sink, values.integers);
    rankine::pack(sink, values.codes);
  }
  static ColumnValues unpack(Reader& reader) {
    // Braces: evaluation from left to right.
    return {rankine::unpack<std::vector<double>>(reader), rankine::unpack<std::vector<std::int64_t>>(reader),
            rankine::unpack<std::vector<std::int32_t>>(reader)};
  }
};

template <>
struct Codec<GroupChunk> {
  template <class Sink>
  static void pack(Sink& sink, const GroupChunk& chunk) {
    rankine::pack(sink, chunk.first);
    rankine::pack(sink, chunk.keys);
    rankine::pack(sink, chunk.offsets);
    rankine::pack(sink, chunk.row_numbers);
    rankine::pack(sink, chunk.columns);
  }
  static GroupChunk unpack(Reader& reader) {
    return {rankine::unpack<std::uint64_t>(reader),
            rankine::unpack<std::vector<std::vector<std::string>>>(reader),
            rankine::unpack<std::vector<std::uint64_t>>(reader),
            rankine::unpack<std::vector<std::uint64_t>>(reader),
            rankine::unpack<std::vector<ColumnValues>>(reader)};
  }
};

}  // namespace rankine
