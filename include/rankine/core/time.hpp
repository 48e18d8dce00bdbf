// SPDX-License-Identifier: Apache-2.0
// Instants and durations as nanoseconds in an integer. Reading a clock is clock.hpp's business: floors that
// must be pure take Time as an argument.
#pragma once

#include <compare>
#include <cstdint>

namespace rankine {

using Nanoseconds = std::int64_t;
inline constexpr Nanoseconds kMicrosecond = 1'000;
inline constexpr Nanoseconds kMillisecond = 1'000'000;
inline constexpr Nanoseconds kSecond = 1'000'000'000;

/// Nanoseconds since an arbitrary origin of this process (or of a simulation).
struct Time {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Time, Time) = default;
  friend constexpr Time operator+(Time t, Nanoseconds d) { return {t.ns + d}; }
  friend constexpr Nanoseconds operator-(Time a, Time b) { return a.ns - b.ns; }
};

}  // namespace rankine
