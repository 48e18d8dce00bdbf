// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/dimension.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::tune {
namespace {

[[noreturn]] void refuse(const Dimension& dimension, const std::string& why) {
  throw InputError(fmt::format("dimension \"{}\": {}", dimension.name, why));
}

/// Where level k lies on the axis, in any unit; a 0 on a logarithmic axis one ordinary step before the
/// others.
double place(const Dimension& dimension, std::size_t k) {
  if (!dimension.logarithmic) return dimension.levels[k];
  if (dimension.levels[k] > 0) return std::log(dimension.levels[k]);
  const std::size_t positive = dimension.levels.size() - 1;
  const double first = std::log(dimension.levels[1]), last = std::log(dimension.levels.back());
  return first - (positive > 1 ? (last - first) / static_cast<double>(positive - 1) : 1.0);
}

/// The upper end of level k's cell on the axis; of "level -1" the lower end of the whole axis.
double cell_end(const Dimension& dimension, std::ptrdiff_t k) {
  const auto last = static_cast<std::ptrdiff_t>(dimension.levels.size()) - 1;
  if (last == 0) return k < 0 ? -0.5 : 0.5;
  const auto at = [&](std::ptrdiff_t i) { return place(dimension, static_cast<std::size_t>(i)); };
  if (k < 0) return at(0) - (at(1) - at(0)) / 2;
  if (k >= last) return at(last) + (at(last) - at(last - 1)) / 2;
  return (at(k) + at(k + 1)) / 2;
}

double level_to_unit(const Dimension& dimension, double value) {
  const auto found = std::lower_bound(dimension.levels.begin(), dimension.levels.end(), value);
  const auto k = std::min<std::ptrdiff_t>(found - dimension.levels.begin(),
                                          static_cast<std::ptrdiff_t>(dimension.levels.size()) - 1);
  const double begin = cell_end(dimension, -1);
  const double end = cell_end(dimension, static_cast<std::ptrdiff_t>(dimension.levels.size()) - 1);
  return ((cell_end(dimension, k - 1) + cell_end(dimension, k)) / 2 - begin) / (end - begin);
}

double level_from_unit(const Dimension& dimension, double unit) {
  const auto count = static_cast<std::ptrdiff_t>(dimension.levels.size());
  const double begin = cell_end(dimension, -1), end = cell_end(dimension, count - 1);
  std::ptrdiff_t k = 0;
  while (k + 1 < count && unit >= (cell_end(dimension, k) - begin) / (end - begin)) ++k;
  return dimension.levels[static_cast<std::size_t>(k)];
}

std::optional<double> number_in(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Dimension of_kind(Kind kind, std::string name, double low, double high, bool logarithmic) {
  Dimension made;
  made.name = std::move(name);
  made.kind = kind;
  made.low = low;
  made.high = high;
  made.logarithmic = logarithmic;
  made.validate();
  return made;
}

}  // namespace

std::size_t Dimension::cardinality() const {
  if (kind == Kind::categorical) return choices.size();
  if (kind == Kind::levels) return levels.size();
  if (kind == Kind::integer) return static_cast<std::size_t>(high - low) + 1;
  return step > 0 ? static_cast<std::size_t>(std::floor((high - low) / step + 1e-9)) + 1 : 0;
}

double Dimension::value_at(std::size_t k) const {
  if (kind == Kind::categorical) return static_cast<double>(k);
  if (kind == Kind::levels) return levels[k];
  if (kind == Kind::integer) return low + static_cast<double>(k);
  return std::min(high, low + static_cast<double>(k) * step);
}

double Dimension::to_unit(double value) const {
  if (kind == Kind::levels) return level_to_unit(*this, value);
  const auto count = static_cast<double>(cardinality());
  if (kind == Kind::categorical) return (value + 0.5) / count;
  if (kind == Kind::integer && logarithmic) {
    const double begin = std::log(low - 0.5), end = std::log(high + 0.5);
    return (std::log(value) - begin) / (end - begin);
  }
  if (kind == Kind::integer) return (value - low + 0.5) / count;
  if (step > 0) return (std::round((value - low) / step) + 0.5) / count;
  if (high == low) return 0.5;
  if (logarithmic) return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
  return (value - low) / (high - low);
}

double Dimension::from_unit(double unit) const {
  unit = std::clamp(unit, 0.0, 1.0);
  if (kind == Kind::levels) return level_from_unit(*this, unit);
  const std::size_t count = cardinality();
  if (kind == Kind::integer && logarithmic) {
    const double begin = std::log(low - 0.5), end = std::log(high + 0.5);
    return std::clamp(std::round(std::exp(begin + unit * (end - begin))), low, high);
  }
  if (count > 0) {
    const auto k = static_cast<std::size_t>(unit * static_cast<double>(count));
    return value_at(std::min(k, count - 1));
  }
  if (!logarithmic) return std::clamp(low + unit * (high - low), low, high);
  return std::clamp(std::exp(std::log(low) + unit * (std::log(high) - std::log(low))), low, high);
}

std::size_t Dimension::place_of(double value) const {
  if (kind == Kind::categorical) return static_cast<std::size_t>(value);
  if (kind == Kind::integer) return static_cast<std::size_t>(value - low);
  if (kind == Kind::levels) {
    const auto found = std::lower_bound(levels.begin(), levels.end(), value) - levels.begin();
    return std::min(static_cast<std::size_t>(found), levels.size() - 1);
  }
  return step > 0 ? static_cast<std::size_t>(std::round((value - low) / step)) : 0;
}

std::pair<double, double> Dimension::cell(double value) const {
  if (kind == Kind::levels) {
    const auto k = static_cast<std::ptrdiff_t>(place_of(value));
    const double begin = cell_end(*this, -1);
    const double width = cell_end(*this, static_cast<std::ptrdiff_t>(levels.size()) - 1) - begin;
    return {(cell_end(*this, k - 1) - begin) / width, (cell_end(*this, k) - begin) / width};
  }
  if (kind == Kind::integer && logarithmic) {
    const double begin = std::log(low - 0.5), width = std::log(high + 0.5) - begin;
    return {(std::log(value - 0.5) - begin) / width, (std::log(value + 0.5) - begin) / width};
  }
  const auto count = static_cast<double>(cardinality());
  const auto k = static_cast<double>(place_of(value));
  return {k / count, (k + 1) / count};
}

Value Dimension::value_of(double value) const {
  if (kind == Kind::categorical) return choices.at(static_cast<std::size_t>(value));
  if (kind == Kind::integer) return static_cast<std::int64_t>(value);
  if (kind == Kind::levels) {
    const bool whole = std::all_of(levels.begin(), levels.end(),
                                   [](double x) { return std::floor(x) == x && std::fabs(x) < 9e15; });
    if (whole) return static_cast<std::int64_t>(value);
  }
  return value;
}

double Dimension::parse(const std::string& text) const {
  if (kind == Kind::categorical) {
    const auto found = std::find(choices.begin(), choices.end(), text);
    if (found == choices.end()) {
      refuse(*this, fmt::format("\"{}\" is none of its choices: {}", text, fmt::join(choices, ", ")));
    }
    return static_cast<double>(found - choices.begin());
  }
  const std::optional<double> value = number_in(text);
  if (!value) refuse(*this, fmt::format("\"{}\" is no number", text));
  if (kind == Kind::levels) {
    if (!std::binary_search(levels.begin(), levels.end(), *value)) {
      refuse(*this, fmt::format("{} is none of its levels: {}", text, fmt::join(levels, ", ")));
    }
    return *value;
  }
  if (!(*value >= low && *value <= high)) {
    refuse(*this, fmt::format("{} is outside of {} .. {}", text, low, high));
  }
  if (kind == Kind::integer && std::floor(*value) != *value) {
    refuse(*this, fmt::format("{} is no whole number", text));
  }
  return *value;
}

void Dimension::validate() const {
  if (name.empty()) throw InputError("a dimension of the search space has no name");
  if (kind == Kind::categorical) {
    if (choices.empty()) refuse(*this, "no choices are given");
    std::vector<std::string> sorted = choices;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) refuse(*this, fmt::format("the choice \"{}\" is given twice", *twice));
    return;
  }
  if (kind == Kind::levels) {
    if (levels.empty()) refuse(*this, "no levels are given");
    for (const double level : levels) {
      if (!std::isfinite(level)) refuse(*this, "a level is not finite");
    }
    if (logarithmic && levels.front() < 0) refuse(*this, "logarithmic levels must not be negative");
    if (logarithmic && levels.size() == 1 && levels.front() == 0) refuse(*this, "0 has no logarithm");
    return;
  }
  if (!std::isfinite(low) || !std::isfinite(high)) refuse(*this, "its bounds must be finite");
  if (low > high) refuse(*this, fmt::format("its lower bound {} is above its upper bound {}", low, high));
  if (!(step >= 0) || !std::isfinite(step))
    refuse(*this, fmt::format("its step {} must not be negative", step));
  if (logarithmic && step > 0) refuse(*this, "a logarithmic dimension takes no step");
  if (logarithmic && low <= 0)
    refuse(*this, fmt::format("a logarithmic dimension cannot reach down to {}", low));
  if (kind == Kind::integer && (std::floor(low) != low || std::floor(high) != high)) {
    refuse(*this, fmt::format("the bounds {} and {} of whole numbers must be whole", low, high));
  }
  if (kind == Kind::integer && (std::fabs(low) > 9e15 || std::fabs(high) > 9e15)) {
    refuse(*this, "whole numbers beyond 9e15 are not exact");
  }
}

Dimension& Dimension::when(std::string parent, std::vector<std::string> texts) {
  condition = Condition{std::move(parent), std::move(texts)};
  return *this;
}

Dimension uniform(std::string name, double low, double high) {
  return of_kind(Kind::real, std::move(name), low, high, false);
}

Dimension log_uniform(std::string name, double low, double high) {
  return of_kind(Kind::real, std::move(name), low, high, true);
}

Dimension quantised(std::string name, double low, double high, double step) {
  Dimension made = of_kind(Kind::real, std::move(name), low, high, false);
  made.step = step;
  if (!(step > 0)) refuse(made, fmt::format("its step {} must be positive", step));
  made.validate();
  return made;
}

Dimension integer(std::string name, double low, double high) {
  return of_kind(Kind::integer, std::move(name), low, high, false);
}

Dimension log_integer(std::string name, double low, double high) {
  return of_kind(Kind::integer, std::move(name), low, high, true);
}

Dimension categorical(std::string name, std::vector<std::string> choices) {
  Dimension made;
  made.name = std::move(name);
  made.kind = Kind::categorical;
  made.choices = std::move(choices);
  made.validate();
  return made;
}

Dimension levels(std::string name, std::vector<double> values, bool logarithmic) {
  Dimension made;
  made.name = std::move(name);
  made.kind = Kind::levels;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  made.levels = std::move(values);
  made.logarithmic = logarithmic;
  made.validate();
  made.low = made.levels.front();
  made.high = made.levels.back();
  return made;
}

}  // namespace rankine::tune
