// SPDX-License-Identifier: Apache-2.0
// The loops for x86-64-v3 (AVX2), four lanes a vector.
#include <immintrin.h>

namespace rankine::forecast::ets {
namespace {

template <class V>
inline __attribute__((always_inline)) V fused(V a, V b, V c) {
  return reinterpret_cast<V>(_mm256_fmadd_pd(reinterpret_cast<__m256d>(a), reinterpret_cast<__m256d>(b),
                                             reinterpret_cast<__m256d>(c)));
}

}  // namespace
}  // namespace rankine::forecast::ets

#include "forecast/ets/lanes_pass.hpp"

namespace rankine::forecast::ets {

const Path kPathV3 = make_path<4>("v3");

}  // namespace rankine::forecast::ets
