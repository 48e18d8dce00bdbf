// SPDX-License-Identifier: Apache-2.0
// The loops for any processor, two lanes a vector. Where it cannot fuse (x86-64 before v3 is not asked), the
// C library does: slowly, with the same bits.

namespace rankine::forecast::ets {
namespace {

template <class V>
inline __attribute__((always_inline)) V fused(V a, V b, V c) {
  return V{__builtin_fma(a[0], b[0], c[0]), __builtin_fma(a[1], b[1], c[1])};
}

}  // namespace
}  // namespace rankine::forecast::ets

#include "forecast/ets/lanes_pass.hpp"

namespace rankine::forecast::ets {

const Path kPathBaseline = make_path<2>("baseline");

}  // namespace rankine::forecast::ets
