// SPDX-License-Identifier: Apache-2.0
// Paths of x86-64.
#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/processor.hpp>

#include "rl/lanes/path.hpp"

namespace rankine::rl::lanes {

namespace {

struct Choice {
  const Path* path;
  bool runs;
};

/// Widest first.
std::array<Choice, 3> choices() {
  return {{{&kPathV4, runs_x86_64_v4()}, {&kPathV3, runs_x86_64_v3()}, {&kPathBaseline, true}}};
}

}  // namespace

const Path& usable_path(std::string_view name) {
  for (const Choice& choice : choices()) {
    if (choice.path->name != name) continue;
    if (choice.runs) return *choice.path;
    throw InputError(
        fmt::format("this processor cannot run the rl path \"{}\"; unset RANKINE_RL_PATH", name));
  }
  throw InputError(fmt::format("rl path \"{}\" is none of baseline, v3, v4", name));
}

const Path& usable_path() {
  const char* const forced = std::getenv("RANKINE_RL_PATH");
  if (forced != nullptr && *forced != '\0') return usable_path(forced);
  for (const Choice& choice : choices()) {
    if (choice.runs) return *choice.path;
  }
  return kPathBaseline;
}

}  // namespace rankine::rl::lanes
