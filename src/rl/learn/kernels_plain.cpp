// SPDX-License-Identifier: Apache-2.0
// Processors other than x86-64: one path.
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "rl/learn/kernels.hpp"

namespace rankine::rl::learn {

const Kernels& usable_kernels() {
  const char* const forced = std::getenv("RANKINE_RL_PATH");
  const std::string_view name = forced == nullptr ? "" : forced;
  if (name.empty() || name == kKernelsBaseline.name) return kKernelsBaseline;
  throw InputError(fmt::format("RANKINE_RL_PATH \"{}\": this build has only \"baseline\"", name));
}

}  // namespace rankine::rl::learn
