// SPDX-License-Identifier: Apache-2.0
// One hyperparameter: its kind, bounds and scale, when it is active, and its way to the unit interval and
// back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rankine/tune/value.hpp>

namespace rankine::tune {

/// `levels`: a few known numbers in increasing order (an axis of a grid).
enum class Kind { real, integer, categorical, levels };

/// Active only while the dimension `parent` has one of these choices (or levels, or integers), given as text.
struct Condition {
  std::string parent;
  std::vector<std::string> texts;
};

struct Dimension {
  std::string name;
  Kind kind = Kind::real;
  double low = 0, high = 1;  ///< inclusive
  bool logarithmic = false;
  double step = 0;                   ///< quantum from `low`, 0: none
  std::vector<std::string> choices;  ///< of a categorical dimension
  std::vector<double> levels;        ///< of a dimension of levels
  std::optional<Condition> condition;

  /// How many values there are; 0: a continuum.
  std::size_t cardinality() const;
  /// Value k of `cardinality()`, in order.
  double value_at(std::size_t k) const;
  /// To [0, 1]. Real: linear in the (logarithmic) value. With finitely many values, the middle of the cell of
  /// the value; the cells of logarithmic integers and levels have the widths that the logarithm gives them.
  double to_unit(double value) const;
  /// The value whose cell holds `unit`, which is clipped to [0, 1].
  double from_unit(double unit) const;
  /// The cell of a value in [0, 1], of a dimension with finitely many values.
  std::pair<double, double> cell(double value) const;
  /// Position of a value among the `cardinality()` ones.
  std::size_t place_of(double value) const;
  Value value_of(double value) const;
  /// Throws InputError that names the dimension where a text is no value of it.
  double parse(const std::string& text) const;
  /// Throws InputError where bounds, scale, step and values do not go together.
  void validate() const;
  Dimension& when(std::string parent, std::vector<std::string> texts);
};

Dimension uniform(std::string name, double low, double high);
Dimension log_uniform(std::string name, double low, double high);
Dimension quantised(std::string name, double low, double high, double step);
Dimension integer(std::string name, double low, double high);
Dimension log_integer(std::string name, double low, double high);
Dimension categorical(std::string name, std::vector<std::string> choices);
/// Logarithmic levels may hold 0, which then lies one ordinary step below the smallest other one.
Dimension levels(std::string name, std::vector<double> values, bool logarithmic = false);

}  // namespace rankine::tune
