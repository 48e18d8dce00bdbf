// SPDX-License-Identifier: Apache-2.0
// Paths of x86-64.
#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "rl/lanes/path.hpp"

namespace rankine::rl::lanes {

namespace {

struct Choice {
  const Path* path;
  bool runs;
};

/// Widest first.
std::array<Choice, 3> choices() {
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return {{{&kPathV4, v4}, {&kPathV3, v3}, {&kPathBaseline, true}}};
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
