// SPDX-License-Identifier: Apache-2.0
// bfloat16 as storage: the upper half of a float. Arithmetic is done in float. Plain constexpr functions, so
// that kernels of any device compile the same lines.
#pragma once

#include <bit>
#include <cstdint>

namespace rankine::nn {

struct Bf16 {
  std::uint16_t bits;
};

constexpr float widen(float value) {
  return value;
}
constexpr float widen(Bf16 value) {
  return std::bit_cast<float>(std::uint32_t{value.bits} << 16);
}

/// Rounded to nearest, ties to even; what is no number stays none.
template <class T>
constexpr T narrow(float value);
template <>
constexpr float narrow<float>(float value) {
  return value;
}
template <>
constexpr Bf16 narrow<Bf16>(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<std::uint16_t>(bits >> 16 | 0x40u)};
  return {static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
}

}  // namespace rankine::nn
