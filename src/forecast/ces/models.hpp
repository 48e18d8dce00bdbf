// SPDX-License-Identifier: Apache-2.0
// Complex exponential smoothing by name.
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

/// "CES", "none" or "full" as AICc says, or "CES(form)" with none, simple, partial or full.
ModelPointer make_ces(Arguments arguments);

}  // namespace rankine::forecast
