// SPDX-License-Identifier: Apache-2.0
// Any processor: loops over sixteen numbers. Where it has no fused multiply-add the library's function gives
// the same bits, slowly.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "rl/learn/kernels_pass.hpp"

namespace rankine::rl::learn {

namespace {

struct Lanes {
  static constexpr int kColumns = 1;
  float v[kLanes];
  struct Mask {
    bool v[kLanes];
  };

  template <class F>
  static Lanes each(F f) {
    Lanes y;
    for (int i = 0; i < kLanes; ++i) y.v[i] = f(i);
    return y;
  }
  template <class F>
  static Mask test(F f) {
    Mask m;
    for (int i = 0; i < kLanes; ++i) m.v[i] = f(i);
    return m;
  }

  static Lanes load(const float* p) {
    return each([&](int i) { return p[i]; });
  }
  static void store(float* p, const Lanes& a) {
    for (int i = 0; i < kLanes; ++i) p[i] = a.v[i];
  }
  static Lanes set(float x) {
    return each([&](int) { return x; });
  }
  static Lanes add(const Lanes& a, const Lanes& b) {
    return each([&](int i) { return a.v[i] + b.v[i]; });
  }
  static Lanes sub(const Lanes& a, const Lanes& b) {
    return each([&](int i) { return a.v[i] - b.v[i]; });
  }
  static Lanes mul(const Lanes& a, const Lanes& b) {
    return each([&](int i) { return a.v[i] * b.v[i]; });
  }
  static Lanes div(const Lanes& a, const Lanes& b) {
    return each([&](int i) { return a.v[i] / b.v[i]; });
  }
  static Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
    return each([&](int i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
  }
  static Lanes min(const Lanes& a, const Lanes& b) {
    return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  static Lanes max(const Lanes& a, const Lanes& b) {
    return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static Lanes sqrt(const Lanes& a) {
    return each([&](int i) { return std::sqrt(a.v[i]); });
  }
  static Lanes abs(const Lanes& a) {
    return each([&](int i) { return std::fabs(a.v[i]); });
  }
  static Mask less(const Lanes& a, const Lanes& b) {
    return test([&](int i) { return a.v[i] < b.v[i]; });
  }
  static Mask less_equal(const Lanes& a, const Lanes& b) {
    return test([&](int i) { return a.v[i] <= b.v[i]; });
  }
  static Mask equal(const Lanes& a, const Lanes& b) {
    return test([&](int i) { return a.v[i] == b.v[i]; });
  }
  static Lanes select(const Mask& m, const Lanes& a, const Lanes& b) {
    return each([&](int i) { return m.v[i] ? a.v[i] : b.v[i]; });
  }
  static Lanes raise(const Lanes& p, const Lanes& shifted) {
    return each([&](int i) {
      return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p.v[i]) +
                                  (std::bit_cast<std::uint32_t>(shifted.v[i]) << 23));
    });
  }
  static void split(const Lanes& x, Lanes& e, Lanes& m) {
    for (int i = 0; i < kLanes; ++i) {
      const auto bits = std::bit_cast<std::int32_t>(x.v[i]);
      const std::int32_t exponent = (bits - 0x3f3504f3) >> 23;
      e.v[i] = static_cast<float>(exponent);
      m.v[i] = std::bit_cast<float>(bits - exponent * (1 << 23));
    }
  }
  static float sum(Lanes a) {
    for (int width = kLanes / 2; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) a.v[i] = a.v[i] + a.v[i + width];
    }
    return a.v[0];
  }
};

}  // namespace

const Kernels kKernelsBaseline = Loops<Lanes>::table("baseline");

}  // namespace rankine::rl::learn
