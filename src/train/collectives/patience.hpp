// SPDX-License-Identifier: Apache-2.0
// How a thread waits for other ranks: it looks, lets others have the core, then sleeps longer and longer;
// soon where others want the core, as who sleeps is let in at once when it wakes, and who yields is not.
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
  static constexpr int kSpins = 100;    // looks: about 5 us
  static constexpr int kYields = 2000;  // looks: about 1 ms, where nobody else wants the core
  static constexpr Nanoseconds kLate = 50 * kMicrosecond;  // of a yield: somebody else had the core
  static constexpr Nanoseconds kNapMax = kMillisecond / 2;

  int looks_ = 0;
  Nanoseconds nap_ = 10 * kMicrosecond;
};

}  // namespace rankine::train
