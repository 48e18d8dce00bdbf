// SPDX-License-Identifier: Apache-2.0
// A series without its season, and the season put back on forecasts, as the M4 benchmarks and the theta
// family do it: the test of seasonal.hpp, then classical decomposition, multiplicative where it can be. No
// model is known here.
#pragma once

#include <span>
#include <vector>

#include "forecast/seasonal.hpp"

namespace rankine::forecast {

struct SeasonalPattern {
  Adjustment kind = Adjustment::kNone;
  std::vector<double> indices;  ///< m of them, the first for the first value forecast; empty for kNone

  double put_back(double value, std::size_t step) const;
  /// What a deviation of the adjusted series is worth `step` values ahead.
  double weight(std::size_t step) const;

  /// As a list of numbers for Fit::state, and back.
  void save(std::vector<double>& state) const;
  static SeasonalPattern load(std::span<const double>& state);
};

struct AdjustedSeries {
  std::vector<double> values;
  SeasonalPattern pattern;  ///< of the values after the series
};

AdjustedSeries seasonally_adjusted(std::span<const double> values, int season);

}  // namespace rankine::forecast
