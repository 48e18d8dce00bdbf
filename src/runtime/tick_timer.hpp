// SPDX-License-Identifier: Apache-2.0
// What the ticking thread waits for: a timer that another thread starts for the price of one system call. No
// thread is woken by that, so whoever has just been woken itself is not held up; the first tick comes later.
#pragma once

#include <rankine/core/time.hpp>

namespace rankine::runtime {

class TickTimer {
 public:
  /// At rest. Throws SystemError.
  TickTimer();
  ~TickTimer();
  TickTimer(const TickTimer&) = delete;
  TickTimer& operator=(const TickTimer&) = delete;

  /// Ticks every `period` from then on. On any thread.
  void start(Nanoseconds period);
  void rest();
  /// Until the next tick, for ever while it is at rest.
  void wait();

 private:
  int file_;
};

}  // namespace rankine::runtime
