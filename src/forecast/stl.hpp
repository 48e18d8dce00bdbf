// SPDX-License-Identifier: Apache-2.0
// Decomposition of a series into trend, season and remainder by local regression: STL of Cleveland,
// Cleveland, McRae, Terpenning, Journal of Official Statistics 6, 1990, with the settings of R's stl(y,
// s.window = k): seasonal smoothing of degree 0, trend and low-pass of degree 1, two inner passes, no
// robustness weights. What is done with the parts is not known here.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rankine::forecast {

struct StlParts {
  std::vector<double> trend;   ///< n values
  std::vector<double> season;  ///< n values; the remainder is y - trend - season
};

/// `window`: length of the seasonal loess in cycles, odd. Needs period >= 2 and y.size() >= 2 period + 1.
StlParts stl(std::span<const double> y, int period, int window);

/// What smoothing the `cycles` values of one position in the cycle does to noise of variance 1.
struct CycleSmoothing {
  double freedom = 0;          ///< values that the smooth is worth: the trace of the smoother
  double variance_at_end = 0;  ///< of the last smoothed value
};
/// With the seasonal loess of stl(); at least one cycle.
CycleSmoothing cycle_smoothing(std::size_t cycles, int window);

/// 1 - var(remainder) / var(remainder + season), within 0..1: the strength of seasonality of Wang, Smith,
/// Hyndman, 2006, by STL with window 11, as R's nsdiffs() has it. 0 for two cycles
/// or less; rounding noise for a constant series.
double seasonal_strength(std::span<const double> y, int period);

}  // namespace rankine::forecast
