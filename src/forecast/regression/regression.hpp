// SPDX-License-Identifier: Apache-2.0
// Linear regression of a series on its own past, the calendar and known columns, by least squares or ridge:
//
//   y_t = c + b t + sum_lag a_lag y_{t-lag} + sum_m sum_k (u_mk cos + v_mk sin)(2 pi k t / m) + x_t' g + e_t
//
// Forecasts beyond the first step take forecasts for values, and intervals the impulse responses of the lags
// (Hyndman, Athanasopoulos, Forecasting: Principles and Practice, chapter 7).
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

/// "Regression(trend,lag=1,lag=24,fourier=3,dummies,ridge=0.1)", any of them in any order; without arguments
/// trend, lag=1, and for a seasonal problem the lag of a cycle and fourier=2. Lags for which there are not
/// twice as many values are left out; exogenous columns of the problem always take part. `ridge` is the
/// penalty on coefficients of columns brought to variance 1, relative to the number of rows.
ModelPointer make_regression(Arguments arguments);

}  // namespace rankine::forecast
