// SPDX-License-Identifier: Apache-2.0
// One form of exponential smoothing on one series, step by step and without haste: what the fast loops in
// lanes are held against, and what makes the states that forecasts start from. With forecast f_t and the
// states before t,
//
//   q_t = l_{t-1} + phi b_{t-1},   f_t = q_t, q_t + s_{t-m} or q_t s_{t-m},
//   p_t = y_t, y_t - s_{t-m} or y_t / s_{t-m},
//   l_t = q_t + alpha (p_t - q_t),   b_t = phi b_{t-1} + beta (p_t - q_t),
//   s_t = s_{t-m} + gamma (y_t - q_t - s_{t-m}) or s_{t-m} + gamma (y_t / q_t - s_{t-m}),
//
// errors e_t = y_t - f_t or y_t / f_t - 1 (Hyndman, Koehler, Ord, Snyder, 2008, chapter 2).
#pragma once

#include <span>
#include <vector>

#include "forecast/ets/form.hpp"

namespace rankine::forecast::ets {

/// The point in whose likelihood one is interested.
struct Point {
  double alpha = 0;
  double beta = 0;
  double gamma = 0;
  double phi = 1;
  double level = 0;            ///< l_0
  double trend = 0;            ///< b_0
  std::vector<double> season;  ///< m states, in the order of use: for the first value, the second ...
};

struct Pass {
  double minus_2_loglik = 0;  ///< n log(sum e^2), and 2 sum log |f| with multiplicative errors: R's value
  double squares = 0;         ///< sum of e^2
  double sum = 0;             ///< sum of e
  Point end;                  ///< the point with the states after the last value
};

/// `start.season` is empty in forms without a season. Not finite where a division fails.
Pass run(Form form, std::span<const double> values, const Point& start);

}  // namespace rankine::forecast::ets
