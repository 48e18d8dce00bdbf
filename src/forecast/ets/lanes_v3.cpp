// SPDX-License-Identifier: Apache-2.0
// The loops for x86-64-v3 (AVX2), four lanes a vector.
#include "forecast/ets/lanes_pass.hpp"

namespace rankine::forecast::ets {

const Path kPathV3 = make_path<4>("v3");

}  // namespace rankine::forecast::ets
