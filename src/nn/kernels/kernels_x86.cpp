// SPDX-License-Identifier: Apache-2.0
// Levels of x86-64.
#include <array>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/processor.hpp>

#include "nn/kernels/kernels.hpp"

namespace rankine::nn {

namespace {

struct Choice {
  const Kernels* level;
  bool runs;
};

/// Widest first.
std::array<Choice, 3> choices() {
  return {{{&kKernelsV4, runs_x86_64_v4()}, {&kKernelsV3, runs_x86_64_v3()}, {&kKernelsBaseline, true}}};
}

}  // namespace

const Kernels& kernels() {
  const char* const forced = std::getenv("RANKINE_NN_LEVEL");
  const std::string_view name = forced == nullptr ? "" : forced;
  for (const Choice& choice : choices()) {
    if (name.empty() ? !choice.runs : name != choice.level->name) continue;
    if (choice.runs) return *choice.level;
    throw InputError(fmt::format("this processor cannot run level \"{}\"; unset RANKINE_NN_LEVEL", name));
  }
  throw InputError(fmt::format("RANKINE_NN_LEVEL \"{}\" is none of baseline, v3, v4", name));
}

}  // namespace rankine::nn
