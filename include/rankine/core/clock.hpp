// SPDX-License-Identifier: Apache-2.0
// The one place where a clock is read.
#pragma once

#include <ctime>

#include <rankine/core/time.hpp>

namespace rankine {

/// CLOCK_MONOTONIC.
inline Time now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return {static_cast<std::int64_t>(t.tv_sec) * kSecond + t.tv_nsec};
}

inline double seconds_since(Time start) {
  return static_cast<double>(now() - start) * 1e-9;
}

}  // namespace rankine
