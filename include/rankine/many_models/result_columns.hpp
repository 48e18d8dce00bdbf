// SPDX-License-Identifier: Apache-2.0
// How the fields of results become columns of a file. A result type says what they are:
//   struct Line {
//     double slope = 0, r2 = 0;
//     template <class Visit> void describe(Visit&& visit) const { visit("slope", slope); visit("r2", r2); }
//   };
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <rankine/table/groups.hpp>

namespace rankine {

/// Columns that grow by a row at a time. A visitor: it is called once for each field of a row.
class ResultColumns {
 public:
  /// Rows of different lengths, one after another.
  struct Ragged {
    std::vector<double> values;
    std::vector<std::int64_t> offsets{0};  ///< row k is offsets[k] .. offsets[k + 1] - 1
  };
  using Values =
      std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>, Ragged>;
  struct Column {
    std::string name;
    Values values;
  };

  /// Before the fields of each row.
  void begin_row();
  /// A field of the row. All rows must give the same fields in the same order, else Error.
  void operator()(std::string_view name, double value);
  void operator()(std::string_view name, std::int64_t value);
  void operator()(std::string_view name, const std::string& value);
  void operator()(std::string_view name, const std::vector<double>& values);
  template <class T>
  requires std::integral<T>
  void operator()(std::string_view name, T value) { (*this)(name, static_cast<std::int64_t>(value)); }

  const std::vector<Column>& columns() const { return columns_; }

 private:
  template <class T>
  T& field(std::string_view name);

  std::vector<Column> columns_;
  std::size_t rows_ = 0;
  std::size_t at_ = 0;  ///< the field that comes next
};

namespace detail {

template <class R>
concept Described = requires(const R& result, ResultColumns& columns) {
  result.describe(columns);
};

template <class R>
concept CanBeWritten = Described<R> || std::is_arithmetic_v<R>;

/// The fields of a result; a single number is a field called "result".
template <class R>
void add_fields(ResultColumns& columns, const R& result) {
  static_assert(CanBeWritten<R>,
                "rankine: what becomes columns of a result file is a number, or has "
                "`template <class Visit> void describe(Visit&& visit) const { visit(\"slope\", slope); }`");
  if constexpr (Described<R>) {
    result.describe(columns);
  } else if constexpr (std::is_arithmetic_v<R>) {
    columns("result", result);
  }
}

}  // namespace detail

/// Writes an HDF5 file: key_COLUMN (texts) for each key column, rows, failure (texts, empty where there is
/// none), and the columns under their names; of ragged ones NAME holds all values and NAME_offsets where
/// each group's begin. Throws SystemError naming the file.
void write_result_file(const std::filesystem::path& path, const Groups& groups,
                       const std::vector<std::string>& failures, const ResultColumns& columns);

}  // namespace rankine
