// SPDX-License-Identifier: Apache-2.0
#include "train/collectives/patience.hpp"

#include <sched.h>

#include <algorithm>
#include <ctime>

#include <rankine/core/clock.hpp>

namespace rankine::train {

namespace {

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void Patience::pause() {
  ++looks_;
  if (looks_ <= kSpins) return relax();
  if (looks_ <= kYields) {
    const Time begin = now();
    sched_yield();
    if (now() - begin > kLate) looks_ = kYields;
    return;
  }
  const timespec time{0, nap_};
  nanosleep(&time, nullptr);
  nap_ = std::min(2 * nap_, kNapMax);
}

}  // namespace rankine::train
