// SPDX-License-Identifier: Apache-2.0
// Registers of 4 floats, as any processor of today has them.
#include "nn/kernels/loops.hpp"

namespace rankine::nn {

const Kernels kKernelsBaseline = Loops<4>::table("baseline");

}  // namespace rankine::nn
