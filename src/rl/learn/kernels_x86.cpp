// SPDX-License-Identifier: Apache-2.0
// Paths of x86-64.
#include <cstdlib>

#include <rankine/core/level.hpp>

#include "rl/learn/kernels.hpp"

namespace rankine::rl::learn {

const Kernels& usable_kernels() {
  constexpr const char* variable = "RANKINE_RL_PATH";
  const Levels<Kernels> levels{kKernelsV4, kKernelsV3, kKernelsBaseline, "rl path", variable};
  return levels.chosen(std::getenv(variable));
}

}  // namespace rankine::rl::learn
