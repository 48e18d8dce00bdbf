// SPDX-License-Identifier: Apache-2.0
// Which levels of the x86-64 instruction set this processor runs, for code that is compiled for several of
// them. False on other processors.
#pragma once

namespace rankine {

/// AVX2, FMA, BMI: what -march=x86-64-v3 may use.
bool runs_x86_64_v3();
/// With AVX-512 F, BW, CD, DQ and VL: what -march=x86-64-v4 may use.
bool runs_x86_64_v4();

}  // namespace rankine
