// SPDX-License-Identifier: Apache-2.0
// The plain Kalman filter of one stationary ARMA process over one series, without shortcuts: the state after
// the last value, and the parts of the likelihood that tests hold the fast loops against.
#pragma once

#include <span>
#include <vector>

#include "forecast/arima/polynomial.hpp"

namespace rankine::forecast::arima {

struct Filtered {
  double sum_squares = 0;      ///< of v / sqrt(F)
  double log_determinant = 0;  ///< sum of log F
  std::vector<double> state;   ///< predicted for the time after the last value, r of them
};

Filtered filter(const Orders& orders, const Expanded& process, std::span<const double> values);

}  // namespace rankine::forecast::arima
