// SPDX-License-Identifier: Apache-2.0
// The models of this family by name: see search.hpp and estimate.hpp for what they do.
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

/// "AutoARIMA".
ModelPointer make_auto_arima(Arguments arguments);
/// "ARIMA(p,d,q)", "ARIMA(p,d,q,P,D,Q)", either with a last argument "mean", "drift" or "zero": with a mean
/// where d + D = 0 unless "zero" is said, with a drift only where it is said.
ModelPointer make_arima(Arguments arguments);
/// "AutoAR": AR(p) with a mean, p up to 10 log10(n) and n / 4, by AICc.
ModelPointer make_auto_autoregression(Arguments arguments);
/// "AR(p)" with a mean.
ModelPointer make_autoregression(Arguments arguments);

}  // namespace rankine::forecast
