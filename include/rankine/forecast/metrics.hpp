// SPDX-License-Identifier: Apache-2.0
// The error measures of the M4 competition for one series. Averaging over series is scores.hpp's business.
#pragma once

#include <span>

namespace rankine::forecast {

/// Symmetric mean absolute percentage error in percent, 0 .. 200: mean of 200 |y-f| / (|y|+|f|); a pair of
/// zeros counts 0. NaN when the spans are empty or differ in length, or a value is not finite.
double smape(std::span<const double> actual, std::span<const double> forecast);

/// What MASE divides by: the mean of |x_t - x_{t-m}| over the training part, in the unit of the series. 0 for
/// a series that repeats its cycle exactly; NaN where train.size() <= season.
double mase_scale(std::span<const double> train, int season);

/// Mean absolute scaled error (Hyndman, Koehler, IJF 22, 2006): mean |y-f| / scale. NaN (undefined) when the
/// scale is 0 or NaN, when the spans are empty or differ in length, or a value is not finite.
double mase(std::span<const double> actual, std::span<const double> forecast, double scale);

}  // namespace rankine::forecast
