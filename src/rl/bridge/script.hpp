// SPDX-License-Identifier: Apache-2.0
// The Python side of the bridge, as text. Lines to it: map, reset, step, begin I, act I; lines from it: the
// spaces once, then ok or "error WORDS" to each.
#pragma once

namespace rankine::rl {

extern const char* const kBridgeScript;

}  // namespace rankine::rl
