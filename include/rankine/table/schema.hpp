// SPDX-License-Identifier: Apache-2.0
// What the columns of a table are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/serialize/serialize.hpp>

namespace rankine {

enum class ColumnType : std::uint8_t {
  number,   ///< double; missing is NaN
  integer,  ///< int64, none missing (with missing ones the column is `number`)
  text,     ///< codes 0, 1, .. of its categories; missing is -1
};

struct TableColumn {
  std::string name;
  ColumnType type = ColumnType::number;
  std::vector<std::string> categories;  ///< of text, in the order in which they first appear in the file
  std::string why_text;                 ///< of text: the place and value that is no number
};

struct TableSchema {
  std::vector<std::string> by;       ///< the key columns; they are not among `columns`
  std::vector<TableColumn> columns;  ///< in the order of the file, or of the option that names them

  /// Position of a column. Throws InputError that lists what there is.
  std::size_t at(std::string_view name) const;
  /// The same; throws InputError too when the column is of another type.
  std::size_t at(std::string_view name, ColumnType type) const;
};

template <>
struct Codec<TableColumn> {
  template <class Sink>
  static void pack(Sink& sink, const TableColumn& column) {
    rankine::pack(sink, column.name);
    rankine::pack(sink, column.type);
    rankine::pack(sink, column.categories);
    rankine::pack(sink, column.why_text);
  }
  static TableColumn unpack(Reader& reader) {
    // Braces: evaluation from left to right.
    return {rankine::unpack<std::string>(reader), rankine::unpack<ColumnType>(reader),
            rankine::unpack<std::vector<std::string>>(reader), rankine::unpack<std::string>(reader)};
  }
};

template <>
struct Codec<TableSchema> {
  template <class Sink>
  static void pack(Sink& sink, const TableSchema& schema) {
    rankine::pack(sink, schema.by);
    rankine::pack(sink, schema.columns);
  }
  static TableSchema unpack(Reader& reader) {
    return {rankine::unpack<std::vector<std::string>>(reader),
            rankine::unpack<std::vector<TableColumn>>(reader)};
  }
};

}  // namespace rankine
