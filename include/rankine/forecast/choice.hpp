// SPDX-License-Identifier: Apache-2.0
// Which models may be chosen among by an information criterion.
#pragma once

#include <span>

#include <rankine/forecast/model.hpp>

namespace rankine::forecast {

/// AICc compares likelihoods of the same values. Those of ETS and ARIMA are of different ones (ARIMA drops
/// what it differences away, ETS leaves constants out; Hyndman, Athanasopoulos, Forecasting: Principles and
/// Practice, 9.10). Throws InputError unless all models that have a likelihood are of one family, and there
/// is one; the remedy it names is choosing by rolling origins.
void check_comparable(std::span<const ModelPointer> models);

}  // namespace rankine::forecast
