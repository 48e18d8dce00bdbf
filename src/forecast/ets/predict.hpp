// SPDX-License-Identifier: Apache-2.0
// Forecasts of a fitted form of exponential smoothing: means and variances in closed form, for every form
// that form.hpp knows (Hyndman, Koehler, Ord, Snyder: Prediction intervals for exponential smoothing using
// two new classes of state space models, Journal of Forecasting 24, 2005; classes 1, 2 and 3).
#pragma once

#include <vector>

#include "forecast/ets/recursion.hpp"

namespace rankine::forecast::ets {

struct Moments {
  std::vector<double> mean;
  std::vector<double> variance;
};

/// Of `horizon` steps after the states in `end`, one-step errors having variance `sigma2`.
Moments moments(Form form, const Point& end, double sigma2, int horizon);

}  // namespace rankine::forecast::ets
