// SPDX-License-Identifier: Apache-2.0
// What x86-64-v3 does better than the compiler finds. Included before loop.hpp.
#pragma once

#include <immintrin.h>

#include "rl/lanes/vectors.hpp"

namespace rankine::rl::lanes {
namespace {

using V3 = VectorOf<double, 4>::Type;

template <>
struct Machine<V3> {
  using Mask = Bits<V3>;
  using B = Bits<V3>;

  static V3 fused(V3 a, V3 b, V3 c) { return _mm256_fmadd_pd(a, b, c); }
  static B product(B a, unsigned b) {
    return __builtin_bit_cast(B, _mm256_mul_epu32(__builtin_bit_cast(__m256i, a), _mm256_set1_epi64x(b)));
  }
  static Mask mask(B lanes) { return lanes; }
  static Mask above(V3 a, V3 b) { return a > b; }
  static Mask equal(B a, long b) { return a == B{} + b; }
  static V3 widened(const int* from) {
    return _mm256_cvtepi32_pd(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  /// Writes 0 or 1 for each lane and appends the indices of those that are set in either to `done`.
  static long note(Mask terminated, Mask cut, long at, unsigned char* to_terminated, unsigned char* to_cut,
                   int* done) {
    const unsigned over = static_cast<unsigned>(_mm256_movemask_pd(__builtin_bit_cast(__m256d, terminated)));
    const unsigned late = static_cast<unsigned>(_mm256_movemask_pd(__builtin_bit_cast(__m256d, cut))) & ~over;
    const unsigned terminated_flags = _pdep_u32(over, 0x01010101);
    const unsigned cut_flags = _pdep_u32(late, 0x01010101);
    __builtin_memcpy(to_terminated, &terminated_flags, 4);
    __builtin_memcpy(to_cut, &cut_flags, 4);
    // The lanes that ended, packed, as bytes; 0x03020100 are their names.
    const unsigned names = _pext_u32(0x03020100, _pdep_u32(over | late, 0x01010101) * 0xFF);
    const __m128i index =
        _mm_add_epi32(_mm_set1_epi32(static_cast<int>(at)), _mm_cvtepu8_epi32(_mm_cvtsi32_si128(names)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(done), index);
    return __builtin_popcount(over | late);
  }
};

}  // namespace
}  // namespace rankine::rl::lanes
