// SPDX-License-Identifier: Apache-2.0
// How often the ticking thread looks around.
#include <cstdint>
#include <utility>

#include "catch.hpp"
#include "runtime/tick_pace.hpp"

using rankine::runtime::Relief;
using rankine::runtime::TickPace;
using Saw = TickPace::Saw;
using Then = TickPace::Then;

namespace {

/// How many ticks until something else is asked for, and what.
std::pair<int, Then> ticks_until_change(TickPace& pace, Saw saw) {
  for (int ticks = 1; ticks <= 1000; ++ticks) {
    const Then then = pace.next(saw);
    if (then != Then::tick) return {ticks, then};
  }
  return {1000, Then::tick};
}

}  // namespace

TEST_CASE("A rank that sleeps lets its ticking thread rest after a few ticks") {
  TickPace pace;
  CHECK(ticks_until_change(pace, Saw::idle) == std::pair(TickPace::kIdleTicks, Then::rest));
}

TEST_CASE("While somebody computes and nothing comes, the thread dozes, again and again, and never rests") {
  TickPace pace;
  CHECK(ticks_until_change(pace, Saw::quiet) == std::pair(TickPace::kQuietTicks, Then::doze));
  for (int i = 0; i < 100; ++i) CHECK(pace.next(Saw::quiet) == Then::doze);
}

TEST_CASE("While mail comes it ticks on") {
  TickPace pace;
  CHECK(ticks_until_change(pace, Saw::busy) == std::pair(1000, Then::tick));
}

TEST_CASE("Any change starts the count again") {
  TickPace pace;
  for (int i = 0; i < TickPace::kQuietTicks - 1; ++i) CHECK(pace.next(Saw::quiet) == Then::tick);
  CHECK(pace.next(Saw::busy) == Then::tick);
  CHECK(ticks_until_change(pace, Saw::quiet) == std::pair(TickPace::kQuietTicks, Then::doze));
  pace.begin();
  CHECK(ticks_until_change(pace, Saw::quiet) == std::pair(TickPace::kQuietTicks, Then::doze));
  for (int i = 0; i < TickPace::kIdleTicks - 1; ++i) CHECK(pace.next(Saw::idle) == Then::tick);
  CHECK(pace.next(Saw::quiet) == Then::tick);
}

TEST_CASE("What waits behind a job that makes calls is left to it for some ticks, and then taken") {
  Relief relief;
  std::uint64_t calls = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < Relief::kTicksMax - 1; ++i) CHECK_FALSE(relief.due(++calls));
    CHECK(relief.due(++calls));
  }
}

TEST_CASE("What waits behind a job that makes no calls is taken at the next tick") {
  Relief relief;
  CHECK(relief.due(0));
  CHECK_FALSE(relief.due(5));
  CHECK(relief.due(5));
  for (int i = 0; i < Relief::kTicksMax - 1; ++i) CHECK_FALSE(relief.due(6 + static_cast<std::uint64_t>(i)));
}
