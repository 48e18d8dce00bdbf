// SPDX-License-Identifier: Apache-2.0
// The loops for x86-64-v3 (AVX2), four environments a vector.
#include "rl/lanes/machine_v3.hpp"

#include "rl/lanes/loop.hpp"

namespace rankine::rl::lanes {

const Path kPathV3 = make_path<4>("v3");

}  // namespace rankine::rl::lanes
