// SPDX-License-Identifier: Apache-2.0
// Prediction intervals from means and standard errors of normal forecasts. Where the errors come from is not
// known here.
#pragma once

#include <span>

#include <rankine/forecast/model.hpp>

namespace rankine::forecast {

/// How many standard errors on either side cover `level` percent of a normal distribution.
double normal_halfwidth(double level);

/// Fills lower and upper: mean -+ halfwidth * deviation, for each level. deviations.size() == mean.size().
void fill_normal_intervals(Prediction& prediction, std::span<const double> deviations,
                           std::span<const double> levels);

}  // namespace rankine::forecast
