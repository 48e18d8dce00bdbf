// SPDX-License-Identifier: Apache-2.0
// The loops for x86-64-v4 (AVX-512), eight lanes a vector.
#include <immintrin.h>

namespace rankine::forecast::ets {
namespace {

template <class V>
inline __attribute__((always_inline)) V fused(V a, V b, V c) {
  return reinterpret_cast<V>(_mm512_fmadd_pd(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b),
                                             reinterpret_cast<__m512d>(c)));
}

}  // namespace
}  // namespace rankine::forecast::ets

#include "forecast/ets/lanes_pass.hpp"

namespace rankine::forecast::ets {

const Path kPathV4 = make_path<8>("v4");

}  // namespace rankine::forecast::ets
