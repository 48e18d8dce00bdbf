// SPDX-License-Identifier: Apache-2.0
// Processors other than x86-64: one path.
#include <cstdlib>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "rl/lanes/path.hpp"

namespace rankine::rl::lanes {

const Path& usable_path(std::string_view name) {
  if (name == kPathBaseline.name) return kPathBaseline;
  throw InputError(fmt::format("rl path \"{}\": this build has only \"baseline\"", name));
}

const Path& usable_path() {
  const char* const forced = std::getenv("RANKINE_RL_PATH");
  return forced != nullptr && *forced != '\0' ? usable_path(forced) : kPathBaseline;
}

}  // namespace rankine::rl::lanes
