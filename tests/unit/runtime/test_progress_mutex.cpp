// SPDX-License-Identifier: Apache-2.0
// The progress lock: one at a time, nobody is left asleep, and who polls sees that it is wanted.
#include <thread>
#include <vector>

#include "catch.hpp"
#include "runtime/progress_mutex.hpp"

namespace rankine::runtime {
namespace {

TEST_CASE("the progress lock lets one thread in at a time and forgets none", "[runtime]") {
  constexpr int kThreads = 4;
  constexpr int kTurns = 20'000;
  ProgressMutex mutex;
  long turns = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < kTurns; ++turn) {
        const Lock lock(mutex);
        ++turns;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(turns == long{kThreads} * kTurns);
  REQUIRE_FALSE(mutex.wanted());
}

TEST_CASE("who has the progress lock sees that somebody waits for it, and wakes him", "[runtime]") {
  ProgressMutex mutex;
  Lock lock(mutex);
  REQUIRE_FALSE(mutex.wanted());
  bool came = false;
  bool free = true;
  std::thread other([&] {
    free = mutex.try_lock();
    const Lock mine(mutex);
    came = true;
  });
  while (!mutex.wanted()) std::this_thread::yield();
  REQUIRE_FALSE(came);
  lock.unlock();
  other.join();
  REQUIRE(came);
  REQUIRE_FALSE(free);
  REQUIRE_FALSE(mutex.wanted());
}

}  // namespace
}  // namespace rankine::runtime
