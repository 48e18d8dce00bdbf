// SPDX-License-Identifier: Apache-2.0
// Registers of 16 floats: compiled for x86-64-v4.
#include "nn/kernels/loops.hpp"

namespace rankine::nn {

const Kernels kKernelsV4 = Loops<16>::table("v4");

}  // namespace rankine::nn
