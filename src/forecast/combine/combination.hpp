// SPDX-License-Identifier: Apache-2.0
// Forecasts combined: the mean or the median of what several models say, step by step. The median of ETS,
// CES, ARIMA and dynamic theta is SCUM (Petropoulos, Svetunkov: "A simple combination of univariate models",
// IJF 36, 2020).
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

ModelPointer make_mean(Arguments arguments);    ///< "Mean(a,b,...)"
ModelPointer make_median(Arguments arguments);  ///< "Median(a,b,...)"
ModelPointer make_scum(Arguments arguments);    ///< "SCUM"

}  // namespace rankine::forecast
