// SPDX-License-Identifier: Apache-2.0
// Averages of what was: over all values, over the last few, over the last few cycles, or over all cycles with
// weights that fall off. The forecast repeats them.
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

ModelPointer make_historic_average(Arguments arguments);                ///< "HistoricAverage"
ModelPointer make_window_average(Arguments arguments);                  ///< "WindowAverage(values)"
ModelPointer make_seasonal_window_average(Arguments arguments);         ///< "SeasonalWindowAverage(cycles)"
ModelPointer make_seasonal_exponential_smoothing(Arguments arguments);  ///< "...Smoothing(alpha)"

}  // namespace rankine::forecast
