// SPDX-License-Identifier: Apache-2.0
// What x86-64-v4 does better than the compiler finds. Included before loop.hpp.
#pragma once

#include <immintrin.h>

#include "rl/lanes/vectors.hpp"

namespace rankine::rl::lanes {
namespace {

using V4 = VectorOf<double, 8>::Type;

template <>
struct Machine<V4> {
  using Mask = __mmask8;
  using B = Bits<V4>;

  static V4 fused(V4 a, V4 b, V4 c) { return _mm512_fmadd_pd(a, b, c); }
  // Masked with ones: the plain form makes GCC 12 warn of its own header.
  static B product(B a, unsigned b) {
    return __builtin_bit_cast(
        B, _mm512_maskz_mul_epu32(0xFF, __builtin_bit_cast(__m512i, a), _mm512_set1_epi64(b)));
  }
  static Mask mask(B lanes) { return _mm512_movepi64_mask(__builtin_bit_cast(__m512i, lanes)); }
  static Mask above(V4 a, V4 b) { return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ); }
  static Mask equal(B a, long b) {
    return _mm512_cmpeq_epi64_mask(__builtin_bit_cast(__m512i, a), _mm512_set1_epi64(b));
  }
  static V4 widened(const int* from) {
    return _mm512_maskz_cvtepi32_pd(0xFF, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  /// Writes 0 or 1 for each lane and appends the indices of those that are set in either to `done`.
  static long note(Mask terminated, Mask cut, long at, unsigned char* to_terminated, unsigned char* to_cut,
                   int* done) {
    constexpr unsigned long long kOneEach = 0x0101010101010101;
    const unsigned over = terminated, late = cut & ~over;
    const unsigned long long terminated_flags = _pdep_u64(over, kOneEach);
    const unsigned long long cut_flags = _pdep_u64(late, kOneEach);
    __builtin_memcpy(to_terminated, &terminated_flags, 8);
    __builtin_memcpy(to_cut, &cut_flags, 8);
    const Mask either = _kor_mask8(terminated, cut);
    const __m256i index =
        _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(at)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(done), _mm256_maskz_compress_epi32(either, index));
    return __builtin_popcount(over | late);
  }
};

}  // namespace
}  // namespace rankine::rl::lanes
