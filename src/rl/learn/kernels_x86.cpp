// SPDX-License-Identifier: Apache-2.0
// Paths of x86-64.
#include <array>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/processor.hpp>

#include "rl/learn/kernels.hpp"

namespace rankine::rl::learn {

namespace {

struct Choice {
  const Kernels* path;
  bool runs;
};

/// Widest first.
std::array<Choice, 3> choices() {
  return {{{&kKernelsV4, runs_x86_64_v4()}, {&kKernelsV3, runs_x86_64_v3()}, {&kKernelsBaseline, true}}};
}

}  // namespace

const Kernels& usable_kernels() {
  const char* const forced = std::getenv("RANKINE_RL_PATH");
  const std::string_view name = forced == nullptr ? "" : forced;
  for (const Choice& choice : choices()) {
    if (name.empty() ? !choice.runs : name != choice.path->name) continue;
    if (choice.runs) return *choice.path;
    throw InputError(fmt::format("this processor cannot run the path \"{}\"; unset RANKINE_RL_PATH", name));
  }
  throw InputError(fmt::format("RANKINE_RL_PATH \"{}\" is none of baseline, v3, v4", name));
}

}  // namespace rankine::rl::learn
