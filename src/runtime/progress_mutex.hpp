// SPDX-License-Identifier: Apache-2.0
// The lock under which a rank makes progress. Whoever polls in a loop can see that another thread wants it.
// A task takes it several times, so it is one exchange in and one out, inlined; who waits long sleeps.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include <sched.h>

namespace rankine::runtime {

class ProgressMutex {
 public:
  void lock() {
    if (!try_lock()) [[unlikely]]
      wait();
  }
  bool try_lock() {
    std::uint32_t is = kFree;
    return state_.compare_exchange_strong(is, kTaken, std::memory_order_acquire, std::memory_order_relaxed);
  }
  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kSleptFor) [[unlikely]]
      state_.notify_one();
  }
  /// Somebody waits in lock() now.
  bool wanted() const { return wanted_.load(std::memory_order_relaxed) > 0; }

 private:
  static constexpr int kTries = 32;
  static constexpr std::uint32_t kFree = 0;
  static constexpr std::uint32_t kTaken = 1;
  static constexpr std::uint32_t kSleptFor = 2;  ///< taken, and somebody may sleep until it is free

  void wait() {
    wanted_.fetch_add(1, std::memory_order_relaxed);
    // Who polls lets others in for a moment only: too short to wake up in.
    for (int i = 0; i < kTries; ++i) {
      if (try_lock()) {
        wanted_.fetch_sub(1, std::memory_order_relaxed);
        return;
      }
      sched_yield();
    }
    while (state_.exchange(kSleptFor, std::memory_order_acquire) != kFree) {
      state_.wait(kSleptFor, std::memory_order_relaxed);
    }
    wanted_.fetch_sub(1, std::memory_order_relaxed);
  }

  std::atomic<std::uint32_t> state_{kFree};
  std::atomic<int> wanted_{0};
};

using Lock = std::unique_lock<ProgressMutex>;

}  // namespace rankine::runtime
