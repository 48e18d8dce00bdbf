// SPDX-License-Identifier: Apache-2.0
// Levels of x86-64.
#include <cstdlib>

#include <rankine/core/level.hpp>

#include "nn/kernels/kernels.hpp"

namespace rankine::nn {

const Kernels& kernels() {
  constexpr const char* variable = "RANKINE_NN_LEVEL";
  const Levels<Kernels> levels{kKernelsV4, kKernelsV3, kKernelsBaseline, "nn level", variable};
  return levels.chosen(std::getenv(variable));
}

}  // namespace rankine::nn
