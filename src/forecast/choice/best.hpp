// SPDX-License-Identifier: Apache-2.0
// The best of several models for each series: by information criterion, or by how well they forecast what
// they had not seen.
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

/// "Best(a,b,...)": least AICc. Only likelihoods of one kind can be compared: R's ets() leaves out a constant
/// that its arima() has.
ModelPointer make_best(Arguments arguments);
/// "BestCV(windows,a,b,...)": least mean absolute error over that many rolling origins.
ModelPointer make_best_cv(Arguments arguments);

}  // namespace rankine::forecast
