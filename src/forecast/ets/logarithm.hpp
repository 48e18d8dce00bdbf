// SPDX-License-Identifier: Apache-2.0
// The natural logarithm with the same bits on every processor: the one of the C library chooses among
// variants by the instructions at hand, which differ in last bits.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace rankine::forecast::ets {

/// Within 2 units in the last place for normal positive x; minus infinity for 0, NaN for what is negative.
inline double logarithm(double x) {
  if (!(x > 0))
    return x == 0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  if (!(x <= std::numeric_limits<double>::max())) return x;
  constexpr double ln2_high = 0x1.62e42fefa0000p-1;  // its product with an exponent is exact
  constexpr double ln2_low = 0x1.cf79abc9e3b3ap-40;
  const double shifted = x < std::numeric_limits<double>::min() ? -54 : 0;
  if (shifted != 0) x *= 0x1p54;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  double exponent = static_cast<double>(static_cast<std::int64_t>(bits >> 52) - 1023) + shifted;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  // log m = 2 atanh((m - 1) / (m + 1)), |s| < 0.172
  const double s = (m - 1) / (m + 1);
  const double z = s * s;
  double series = 0;
  for (int k = 23; k >= 3; k -= 2) series = series * z + 2.0 / k;
  return exponent * ln2_high + (2 * s + (s * z * series + exponent * ln2_low));
}

}  // namespace rankine::forecast::ets
