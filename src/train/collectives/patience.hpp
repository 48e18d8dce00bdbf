// SPDX-License-Identifier: Apache-2.0
// How a thread waits for other ranks: it looks, lets others have the core, then sleeps longer and longer.
#pragma once

#include <rankine/core/time.hpp>

namespace rankine::train {

class Patience {
 public:
  /// Between two looks.
  void pause();
  /// Whether it is time to sleep on something that wakes, instead of looking again.
  bool exhausted() const { return looks_ > kYields; }

 private:
  static constexpr int kSpins = 20;
  static constexpr int kYields = 200;
  static constexpr Nanoseconds kNapMax = kMillisecond / 2;

  int looks_ = 0;
  Nanoseconds nap_ = 10 * kMicrosecond;
};

}  // namespace rankine::train
