// SPDX-License-Identifier: Apache-2.0
// The lock under which a rank makes progress. Whoever polls in a loop can see that another thread wants it.
#pragma once

#include <atomic>
#include <mutex>

#include <sched.h>

namespace rankine::runtime {

class ProgressMutex {
 public:
  void lock() {
    if (mutex_.try_lock()) return;
    wanted_.fetch_add(1, std::memory_order_relaxed);
    // Who polls lets others in for a moment only: too short to wake up in.
    for (int i = 0; i < kTries; ++i) {
      if (mutex_.try_lock()) {
        wanted_.fetch_sub(1, std::memory_order_relaxed);
        return;
      }
      sched_yield();
    }
    mutex_.lock();
    wanted_.fetch_sub(1, std::memory_order_relaxed);
  }
  bool try_lock() { return mutex_.try_lock(); }
  void unlock() { mutex_.unlock(); }
  /// Somebody waits in lock() now.
  bool wanted() const { return wanted_.load(std::memory_order_relaxed) > 0; }

 private:
  static constexpr int kTries = 32;

  std::mutex mutex_;
  std::atomic<int> wanted_{0};
};

using Lock = std::unique_lock<ProgressMutex>;

}  // namespace rankine::runtime
