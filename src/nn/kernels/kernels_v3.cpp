// SPDX-License-Identifier: Apache-2.0
// Registers of 8 floats: compiled for x86-64-v3.
#include "nn/kernels/loops.hpp"

namespace rankine::nn {

const Kernels kKernelsV3 = Loops<8>::table("v3");

}  // namespace rankine::nn
