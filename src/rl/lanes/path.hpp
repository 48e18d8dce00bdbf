// SPDX-License-Identifier: Apache-2.0
// Which loops this processor runs. All paths give the same bits, so ranks need not agree on one.
#pragma once

#include <string_view>

#include "rl/lanes/kernel.hpp"

namespace rankine::rl::lanes {

/// The widest path that the processor can run, or the one that RANKINE_RL_PATH names ("baseline", "v3",
/// "v4"). Throws InputError for an unknown name or a path that the processor or the build does not have.
const Path& usable_path();
/// The path of that name, else as above.
const Path& usable_path(std::string_view name);

}  // namespace rankine::rl::lanes
