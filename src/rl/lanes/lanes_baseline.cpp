// SPDX-License-Identifier: Apache-2.0
// The loops for any processor, two environments a vector.
#include "rl/lanes/loop.hpp"

namespace rankine::rl::lanes {

const Path kPathBaseline = make_path<2>("baseline");

}  // namespace rankine::rl::lanes
