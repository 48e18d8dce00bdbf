// SPDX-License-Identifier: Apache-2.0
#include "train/collectives/patience.hpp"

#include <sched.h>

#include <algorithm>
#include <ctime>

namespace rankine::train {

void Patience::pause() {
  ++looks_;
  if (looks_ <= kSpins) return;
  if (looks_ <= kYields) {
    sched_yield();
    return;
  }
  const timespec time{0, nap_};
  nanosleep(&time, nullptr);
  nap_ = std::min(2 * nap_, kNapMax);
}

}  // namespace rankine::train
