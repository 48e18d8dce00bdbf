// SPDX-License-Identifier: Apache-2.0
// The error measures of the M4 competition, of forecasts and of intervals, for one series. Averaging over
// series is scores.hpp's business.
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

/// Mean scaled interval score of the M4 competition (Gneiting, Raftery, JASA 102, 2007) of intervals meant to
/// cover `level` percent: mean of upper - lower + 2/a (how far y lies outside), a = 1 - level/100, divided by
/// mase_scale. NaN under the conditions of mase, and unless 0 < level < 100.
double msis(std::span<const double> actual, std::span<const double> lower, std::span<const double> upper,
            double level, double scale);

/// Share of the actual values within [lower, upper], 0 .. 1. NaN when the spans are empty or differ in
/// length.
double coverage(std::span<const double> actual, std::span<const double> lower, std::span<const double> upper);

}  // namespace rankine::forecast
