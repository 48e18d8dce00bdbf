// SPDX-License-Identifier: Apache-2.0
// Exponential smoothing for the table of models.
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

/// AutoETS: the form of smallest AICc among those that R's ets() tries.
ModelPointer make_auto_ets(Arguments arguments);
/// ETS(error,trend,season): that form.
ModelPointer make_ets(Arguments arguments);

}  // namespace rankine::forecast
