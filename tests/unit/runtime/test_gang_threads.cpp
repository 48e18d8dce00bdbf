// SPDX-License-Identifier: Apache-2.0
// How the threads of gangs wait: they are counted as awake until they sleep, and leave the core to others.
#include <atomic>
#include <ctime>
#include <thread>

#include <sched.h>

#include <rankine/core/clock.hpp>

#include "catch.hpp"
#include "runtime/gang_member.hpp"
#include "runtime/gang_threads.hpp"

namespace rankine::runtime {
namespace {

/// Time on a core of all threads of this process.
Nanoseconds used() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

/// False if it did not hold for 10 s.
template <class Condition>
bool holds_soon(Condition condition) {
  const Time end = now() + 10 * kSecond;
  while (!condition() && now() < end) std::this_thread::yield();
  return condition();
}

void set(std::atomic<std::uint32_t>& word, std::uint32_t value) {
  word = value;
  word.notify_one();
}

TEST_CASE("a gang's thread is counted as awake while it works and until it sleeps", "[runtime]") {
  AwakeCount count{};
  std::atomic<int> seen{-1};
  std::atomic<bool> leave{false};
  const auto work = [&](GangMember&, Breakable&) {
    seen = count.ranks.load();
    holds_soon([&] { return leave.load(); });
  };
  GangThreads threads(work, Awake{&count, 2});
  GangMember member;
  for (int i = 0; i < 3; ++i) {
    threads.run(member);
    CHECK(holds_soon([&] { return seen != -1; }));
    CHECK(seen == 1);
    threads.give_back(member);
    seen = -1;
    leave = true;
    CHECK(holds_soon([&] { return count.ranks == 0; }));
    leave = false;
  }
  threads.join();
  CHECK(count.ranks == 0);
}

TEST_CASE("two threads of gangs that wait for each other on one core hand it over at once", "[runtime]") {
  constexpr std::uint32_t kTurns = 2'000;
  constexpr Nanoseconds kTurnMax = 15 * kMicrosecond;
  AwakeCount count{};
  count.ranks = 2;
  const Awake awake{&count, 2};
  std::atomic<std::uint32_t> ping{0};
  std::atomic<std::uint32_t> pong{0};
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);  // inherited by the other thread
  const Nanoseconds start = used();
  std::thread other([&] {
    for (std::uint32_t i = 0; i < kTurns; ++i) {
      await_change(ping, i, awake);
      set(pong, i + 1);
    }
  });
  for (std::uint32_t i = 0; i < kTurns; ++i) {
    set(ping, i + 1);
    await_change(pong, i, awake);
  }
  other.join();
  CHECK((used() - start) / (2 * kTurns) < kTurnMax);
  CHECK(count.ranks == 2);
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
}

}  // namespace
}  // namespace rankine::runtime
