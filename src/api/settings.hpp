// SPDX-License-Identifier: Apache-2.0
// The user's RuntimeOptions as the settings of an engine.
#pragma once

#include <rankine/runtime.hpp>

#include "runtime/engine.hpp"

namespace rankine {

inline runtime::EngineSettings settings_of(const RuntimeOptions& options) {
  runtime::EngineSettings settings;
  settings.seed = options.seed;
  settings.arena_bytes = options.arena_bytes;
  if (options.inline_bytes != 0) settings.inline_bytes = options.inline_bytes;
  if (options.stack_bytes != 0) settings.stack_bytes = options.stack_bytes;
  return settings;
}

}  // namespace rankine
