// SPDX-License-Identifier: Apache-2.0
// What the benchmark methods need to forecast: the mean of some damped lines, times or plus a cycle. How it
// was learned is not known here.
#pragma once

#include <span>
#include <vector>

#include <rankine/forecast/model.hpp>

#include "forecast/seasonal.hpp"

namespace rankine::forecast {

struct BenchmarkState {
  /// After k steps level + (phi + phi^2 + ... + phi^k) trend.
  struct Line {
    double level = 0;
    double trend = 0;
    double phi = 1;
  };

  std::vector<Line> lines;    ///< the forecast is their mean
  bool not_negative = false;  ///< negative means are set to 0, before the season
  Adjustment adjustment = Adjustment::kNone;
  std::vector<double> indices;  ///< of the cycle, the first for the first forecast; empty without season

  /// As Fit::state: number of lines, not_negative, adjustment, the lines, the indices.
  std::vector<double> packed() const;
  static BenchmarkState unpacked(std::span<const double> state);
  /// `horizon` values, or the failure "is not finite ...".
  Prediction forecast(int horizon) const;
};

}  // namespace rankine::forecast
