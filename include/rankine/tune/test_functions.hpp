// SPDX-License-Identifier: Apache-2.0
// Functions with known minima, on which samplers are measured. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <rankine/tune/space.hpp>

namespace rankine::tune {

struct TestFunction {
  Space space;
  std::function<std::vector<double>(const std::vector<double>&)> values;  ///< all to be minimised
  double minimum = 0;                                                     ///< of the first value
};

/// "branin", "hartmann6", "camel", "sphere4", "rosenbrock4", "ellipsoid4", "zdt1" (2 objectives, 30
/// dimensions). Throws InputError naming all of them.
TestFunction test_function(const std::string& name);

}  // namespace rankine::tune
