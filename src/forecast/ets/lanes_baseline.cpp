// SPDX-License-Identifier: Apache-2.0
// The loops for any processor, two lanes a vector.
#include "forecast/ets/lanes_pass.hpp"

namespace rankine::forecast::ets {

const Path kPathBaseline = make_path<2>("baseline");

}  // namespace rankine::forecast::ets
