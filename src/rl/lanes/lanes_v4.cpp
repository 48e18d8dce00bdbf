// SPDX-License-Identifier: Apache-2.0
// The loops for x86-64-v4 (AVX-512), eight environments a vector.
#include "rl/lanes/machine_v4.hpp"

#include "rl/lanes/loop.hpp"

namespace rankine::rl::lanes {

const Path kPathV4 = make_path<8>("v4");

}  // namespace rankine::rl::lanes
