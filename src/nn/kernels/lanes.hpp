// SPDX-License-Identifier: Apache-2.0
// A register of W floats, by the compiler's vector types: what the loops are written in. Included only by
// files that are compiled for one level, each with its own W, so that no inline function is shared.
#pragma once

namespace rankine::nn {

template <int W>
struct Register;
template <>
struct Register<4> {
  typedef float V __attribute__((vector_size(16)));
  typedef int I __attribute__((vector_size(16)));
};
template <>
struct Register<8> {
  typedef float V __attribute__((vector_size(32)));
  typedef int I __attribute__((vector_size(32)));
};
template <>
struct Register<16> {
  typedef float V __attribute__((vector_size(64)));
  typedef int I __attribute__((vector_size(64)));
};

template <int W>
struct Lanes {
  using V = typename Register<W>::V;
  using I = typename Register<W>::I;

  static V load(const float* p) {
    V v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static void store(float* p, V v) { __builtin_memcpy(p, &v, sizeof v); }
  static V set(float x) { return x - V{}; }
  /// The first of `count` numbers, as many as fit, then zeros.
  static V load_part(const float* p, long count) {
    V v{};
    for (int k = 0; k < W; ++k) v[k] = k < count ? p[k] : 0.0F;
    return v;
  }
  static void store_part(float* p, V v, long count) {
    for (int k = 0; k < W && k < count; ++k) p[k] = v[k];
  }
  static V max(V a, V b) { return a > b ? a : b; }
  static V min(V a, V b) { return a < b ? a : b; }
  static V abs(V a) { return reinterpret_cast<V>(reinterpret_cast<I>(a) & 0x7fffffff); }

  static V root(V a) {
    V result;
    for (int k = 0; k < W; ++k) result[k] = __builtin_sqrtf(a[k]);
    return result;
  }

  /// The numbers of the lanes, from `first`.
  static I count_from(long first) {
    I lanes;
#pragma GCC unroll 16
    for (int k = 0; k < W; ++k) lanes[k] = k;
    return lanes + static_cast<int>(first);
  }
  /// Each lane beside the one whose number differs in the bit `half`.
  static V across(V v, int half) {
    return __builtin_shuffle(v, count_from(0) ^ half);
  }
  /// In pairs: lanes k and k + W/2, and so on.
  static float sum(V v) {
#pragma GCC unroll 4
    for (int half = W / 2; half > 0; half /= 2) v += across(v, half);
    return v[0];
  }
  static float largest(V v) {
#pragma GCC unroll 4
    for (int half = W / 2; half > 0; half /= 2) v = max(v, across(v, half));
    return v[0];
  }

  /// To about 2 units in the last place (a polynomial of Cephes' kind); 0 below -87.
  static V exp(V x) {
    const V limited = max(min(x, set(88.0F)), set(-87.0F));
    const V shifted = limited * 1.44269504F + 12582912.0F;  // 1.5 2^23: rounds to integers
    const V n = shifted - 12582912.0F;
    V r = limited - n * 0.693359375F;
    r = r + n * 2.12194440e-4F;
    V p = r * 1.9875691500e-4F + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * (r * r) + r + 1.0F;
    const V power = reinterpret_cast<V>(reinterpret_cast<I>(p) + (reinterpret_cast<I>(shifted) << 23));
    return x < -87.0F ? V{} : power;
  }

  /// Calls each(load, store, place) for all full registers of `count` numbers and for the rest: so a loop is
  /// written once.
  template <class Each>
  static void over(long count, const Each& each) {
    long at = 0;
    for (; at + W <= count; at += W) {
      each([](const float* p) { return load(p); }, [](float* p, V v) { store(p, v); }, at);
    }
    const long left = count - at;
    if (left > 0) {
      each([left](const float* p) { return load_part(p, left); },
           [left](float* p, V v) { store_part(p, v, left); }, at);
    }
  }
};

}  // namespace rankine::nn
