// SPDX-License-Identifier: Apache-2.0
// Least-squares fits of simple, Holt's and damped exponential smoothing in their error-correction form
//
//   y_t = l_{t-1} + phi b_{t-1} + e_t,   l_t = l_{t-1} + phi b_{t-1} + alpha e_t,   b_t = phi b_{t-1} + beta
//   e_t
//
// (Hyndman, Koehler, Ord, Snyder: Forecasting with Exponential Smoothing, 2008; ETS(A,N,N), (A,A,N),
// (A,Ad,N)) within the bounds of R's ets(): alpha in [1e-4, 0.9999], beta in [1e-4, alpha], phi in [0.8,
// 0.98]. Minimising the sum of squares maximises the likelihood. Seasons and forecasts of other models are
// not known here.
#pragma once

#include <span>

namespace rankine::forecast {

struct SmoothingFit {
  double alpha = 0;
  double beta = 0;  ///< 0 for SES
  double phi = 1;   ///< 1 for SES and Holt
  double level0 = 0;
  double trend0 = 0;
  double level = 0;  ///< after the last observation
  double trend = 0;
  double sse = 0;  ///< sum of squared one-step errors
};

inline constexpr double kWeightMin = 1e-4;
inline constexpr double kWeightMax = 0.9999;
inline constexpr double kDampingMin = 0.8;
inline constexpr double kDampingMax = 0.98;

/// Needs 2 values. The initial level is concentrated out (the errors are linear in it), alpha is found by
/// nested grids.
SmoothingFit fit_ses(std::span<const double> values);
/// Needs 5 values.
SmoothingFit fit_holt(std::span<const double> values);
/// Needs 6 values.
SmoothingFit fit_damped(std::span<const double> values);

}  // namespace rankine::forecast
