// SPDX-License-Identifier: Apache-2.0
// The theta models by name, each with the seasonal adjustment of the M4 benchmarks around it.
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

ModelPointer make_static_theta(Arguments arguments);             ///< "StaticTheta"
ModelPointer make_optimised_theta(Arguments arguments);          ///< "OptimisedTheta"
ModelPointer make_dynamic_theta(Arguments arguments);            ///< "DynamicTheta"
ModelPointer make_dynamic_optimised_theta(Arguments arguments);  ///< "DynamicOptimisedTheta"

}  // namespace rankine::forecast
