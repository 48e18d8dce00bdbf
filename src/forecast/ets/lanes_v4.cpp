// SPDX-License-Identifier: Apache-2.0
// The loops for x86-64-v4 (AVX-512), eight lanes a vector.
#include "forecast/ets/lanes_pass.hpp"

namespace rankine::forecast::ets {

const Path kPathV4 = make_path<8>("v4");

}  // namespace rankine::forecast::ets
