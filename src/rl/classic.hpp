// SPDX-License-Identifier: Apache-2.0
// The classic control environments, in a structure of arrays: thousands of them are stepped at once by the
// kernels of rl/lanes, on the widest instruction path of the processor, with the same bits on each.
#pragma once

#include <string_view>

#include <rankine/rl/vector_environment.hpp>

#include "rl/lanes/path.hpp"

namespace rankine::rl {

Spaces classic_spaces(lanes::Kind kind);
/// On usable_path(), or on the named path (tests).
std::unique_ptr<VectorEnvironment> make_classic(lanes::Kind kind, const VectorOptions& options,
                                                const lanes::Path& path = lanes::usable_path());

}  // namespace rankine::rl
