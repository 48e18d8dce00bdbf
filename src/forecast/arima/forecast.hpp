// SPDX-License-Identifier: Apache-2.0
// From an estimated ARIMA to a fit that can be kept, and from that to forecasts: the state of the filter run
// forward, and the variance of the errors from the psi weights. How estimates come about is not known here.
#pragma once

#include <rankine/forecast/model.hpp>

#include "forecast/arima/estimate.hpp"
#include "forecast/arima/orders.hpp"

namespace rankine::forecast::arima {

/// Fit::parameters as parameter_names(orders); Fit::state: the number of values, r states of the filter of
/// the differenced series, and its last lost() values before differencing, less the regression. Fit::sigma2
/// is R's: the sum of squares over the values that differencing left less the coefficients.
Fit make_fit(const Problem& problem, const Orders& orders, const Estimate& estimate, double aicc);
/// Standard errors of the forecasts 1..horizon of a fit with sigma2 = 1: square roots of sums of psi^2.
std::vector<double> unit_errors(const Orders& orders, const Factors& factors, int horizon);
Prediction predict(const Fit& fit, const Request& request);

}  // namespace rankine::forecast::arima
