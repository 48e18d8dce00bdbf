// SPDX-License-Identifier: Apache-2.0
// 16-bit floating-point numbers as they are stored.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "nn/bf16.hpp"

namespace rankine::train {

inline float float_of_bf16(std::uint16_t bits) {
  return nn::widen(nn::Bf16{bits});
}

/// IEEE 754 binary16.
inline float float_of_f16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31)
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                         : sign * std::numeric_limits<float>::infinity();
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

}  // namespace rankine::train
