// SPDX-License-Identifier: Apache-2.0
// Numbers of several environments side by side, and the trigonometry of their equations: written once for a
// double and for vectors of any width. No operation mixes lanes and none is fused, so every width gives the
// same bits. Included by one file an instruction path; everything is in an unnamed namespace, so that no
// function compiled for a newer processor can stand in for one that older ones run.
#pragma once

namespace rankine::rl::lanes {
namespace {

template <typename T, int kWidth>
struct VectorOf {
  typedef T Type __attribute__((vector_size(kWidth * sizeof(T))));
  typedef T InMemory __attribute__((vector_size(kWidth * sizeof(T)), may_alias));
  typedef T Unaligned __attribute__((vector_size(kWidth * sizeof(T)), may_alias, aligned(1)));
};

/// The 64-bit integers beside a double or a vector of doubles.
template <typename V>
struct BitsOf {
  typedef long Type __attribute__((vector_size(sizeof(V))));
};
template <>
struct BitsOf<double> {
  using Type = long;
};
template <typename V>
using Bits = typename BitsOf<V>::Type;

/// What instructions do better than the compiler finds; specialised by the file of a path. Here: for any.
template <typename V>
struct Machine {
  using Mask = Bits<V>;  ///< which lanes

  /// a b + c rounded once, on every path.
  static V fused(V a, V b, V c) {
    if constexpr (sizeof(V) == sizeof(double)) {
      return __builtin_fma(a, b, c);
    } else {
      for (unsigned lane = 0; lane < sizeof(V) / sizeof(double); ++lane)
        c[lane] = __builtin_fma(a[lane], b[lane], c[lane]);
      return c;
    }
  }
  /// The product of the low 32 bits of each lane with `b`.
  static Bits<V> product(Bits<V> a, unsigned b) {
    if constexpr (sizeof(V) == sizeof(double)) {
      return static_cast<long>((static_cast<unsigned long>(a) & 0xFFFFFFFFul) * b);
    } else {
      typedef unsigned long Unsigned __attribute__((vector_size(sizeof(V))));  // whose products may wrap
      return (Bits<V>)(((Unsigned)a & 0xFFFFFFFFul) * static_cast<unsigned long>(b));
    }
  }
  static Mask mask(Bits<V> lanes) { return lanes; }
  static Mask above(V a, V b) { return a > b; }
  static Mask equal(Bits<V> a, long b) { return a == Bits<V>{} + b; }
};

template <typename V>
__attribute__((always_inline)) inline V fused(V a, V b, V c) {
  return Machine<V>::fused(a, b, c);
}

/// The number in all lanes.
template <typename V>
__attribute__((always_inline)) inline V all(double value) {
  return V{} + value;
}

/// Rounded to float32.
__attribute__((always_inline)) inline double single(double x) {
  return static_cast<double>(static_cast<float>(x));
}
template <typename V>
__attribute__((always_inline)) inline V single(V x) {
  typedef float F __attribute__((vector_size(sizeof(V) / 2)));
  return __builtin_convertvector(__builtin_convertvector(x, F), V);
}

/// |x|.
template <typename V>
__attribute__((always_inline)) inline V size_of(V x) {
  return __builtin_bit_cast(V, __builtin_bit_cast(Bits<V>, x) & 0x7FFFFFFFFFFFFFFFl);
}

template <typename V>
__attribute__((always_inline)) inline V clip(V x, double low, double high) {
  x = x > all<V>(high) ? all<V>(high) : x;
  return x < all<V>(low) ? all<V>(low) : x;
}

/// Rounded to the nearest integer, ties to even; |x| < 2^51.
template <typename V>
__attribute__((always_inline)) inline V nearest(V x) {
  return (x + 0x1.8p52) - 0x1.8p52;
}

template <typename V>
__attribute__((always_inline)) inline V floor_of(V x) {
  const V near = nearest(x);
  return near > x ? near - 1.0 : near;
}

/// Sine and cosine to about one unit in the last place, |x| < 10^5: the angle is reduced by multiples of pi/2
/// in two parts (Cody and Waite), then fdlibm's polynomials on [-pi/4, pi/4].
template <typename V>
__attribute__((always_inline)) inline void sine_cosine(V x, V& sine, V& cosine) {
  const V shifted = x * 0.63661977236758134308 + 0x1.8p52;
  const Bits<V> quadrant = __builtin_bit_cast(Bits<V>, shifted);
  const V quarters = shifted - 0x1.8p52;
  const V r = (x - quarters * 1.57079632673412561417) - quarters * 6.07710050650619224932e-11;
  const V z = r * r;
  V s = z * 1.58969099521155010221e-10 - 2.50507602534068634195e-08;
  s = z * s + 2.75573137070700676789e-06;
  s = z * s - 1.98412698298579493134e-04;
  s = z * s + 8.33333333332248946124e-03;
  s = z * s - 1.66666666666666324348e-01;
  s = r + (r * z) * s;
  V c = z * -1.13596475577881948265e-11 + 2.08757232129817482790e-09;
  c = z * c - 2.75573143513906633035e-07;
  c = z * c + 2.48015872894767294178e-05;
  c = z * c - 1.38888888888741095749e-03;
  c = z * c + 4.16666666666666019037e-02;
  c = 1.0 - (0.5 * z - z * z * c);
  const auto swapped = (quadrant & 1) != 0;
  const V a = swapped ? c : s;
  const V b = swapped ? s : c;
  sine = (quadrant & 2) != 0 ? -a : a;
  cosine = ((quadrant + 1) & 2) != 0 ? -b : b;
}

template <typename V>
__attribute__((always_inline)) inline V sine_of(V x) {
  V sine, cosine;
  sine_cosine(x, sine, cosine);
  return sine;
}

template <typename V>
__attribute__((always_inline)) inline V cosine_of(V x) {
  V sine, cosine;
  sine_cosine(x, sine, cosine);
  return cosine;
}

}  // namespace
}  // namespace rankine::rl::lanes
