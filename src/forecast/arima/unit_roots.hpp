// SPDX-License-Identifier: Apache-2.0
// How often a series is to be differenced, as R's ndiffs() and nsdiffs() decide by default.
#pragma once

#include <span>

namespace rankine::forecast::arima {

/// As R's all.equal() with its tolerance: the mean distance from the first value is below 1.5e-8 of it.
bool is_constant(std::span<const double> values);
/// The level test of Kwiatkowski, Phillips, Schmidt, Shin (Journal of Econometrics 54, 1992) with trunc(3
/// sqrt(n) / 13) lags; NaN where it is not defined.
double kpss_statistic(std::span<const double> values);
/// 0, 1 or 2: differences until the test does not reject a level at 5 %.
int differences(std::span<const double> values);
/// 0 or 1: 1 where the strength of the season is above 0.64.
int seasonal_differences(std::span<const double> values, int season);

}  // namespace rankine::forecast::arima
