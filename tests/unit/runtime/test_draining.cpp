// SPDX-License-Identifier: Apache-2.0
// Runs that come to the end of their time: what starts, what may end, what the driver and tasks see.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <stdlib.h>

#include <rankine/core/clock.hpp>

#include "on_ranks.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace std::chrono_literals;

constexpr int kNothingKept = 75;

/// A run of so little time that its end comes while the test looks on.
rk::RuntimeOptions short_run(std::chrono::milliseconds walltime, std::chrono::milliseconds margin) {
  rk::RuntimeOptions options;
  options.arena_bytes = std::uint64_t{64} << 20;
  options.walltime = walltime;
  options.walltime_margin = margin;
  return options;
}

std::atomic<int> tasks_started{0};

/// Computes until the run drains, or is asked to stop.
int until_drain(int i) {
  ++tasks_started;
  while (!rk::draining() && !rk::cancelled()) {
  }
  return i;
}

int quick(int i) {
  return i + 1;
}

int until_cancelled(int i) {
  while (!rk::cancelled()) {
  }
  return i;
}

int waits_for_a_late_one(int i) {
  return rk::submit<quick>(rk::submit<until_drain>(i)).get();
}

std::atomic<int> last_saved{-1};

struct Remembering {
  int n = 0;
  int add(int k) { return n += k; }
  int save() const {
    last_saved = n;
    return n;
  }
  void load(int saved) { n = saved; }
};

}  // namespace

TEST_CASE("a run without a wall time never drains, and says that there is no limit") {
  on_ranks({1, 2}, [] {
    CHECK_FALSE(rk::draining());
    CHECK_FALSE(rk::time_left().has_value());
    CHECK(rk::submit<quick>(1).get() == 2);
  });
}

TEST_CASE("a run that ends in time is none that drained") {
  CHECK(rk::run_as_threads(2, short_run(60s, 10s), [] {
          CHECK(rk::submit<quick>(1).get() == 2);
          REQUIRE(rk::time_left().has_value());
          CHECK(*rk::time_left() > 40s);
          CHECK(*rk::time_left() <= 60s);
        }) == 0);
}

TEST_CASE("at the margin nothing new starts, what runs may end, the driver's wait throws") {
  for (const int ranks : {1, 2, 3}) {
    INFO("ranks: " << ranks);
    tasks_started = 0;
    bool told = false;
    int ended = 0;
    const rk::Time start = rk::now();
    const int code = rk::run_as_threads(ranks, short_run(900ms, 400ms), [&] {
      const auto futures = rk::map<until_drain>(std::vector<int>(100, 7));
      try {
        futures.wait();
      } catch (const rk::Drained&) {
        told = true;
        CHECK(rk::draining());
        ended = static_cast<int>(futures.ended());
        throw;
      }
    });
    CHECK(code == kNothingKept);
    CHECK(told);
    const int workers = std::max(1, ranks - 1);
    CHECK(ended == workers);  // those that ran had the time to end
    CHECK(tasks_started == workers);
    CHECK(rk::now() - start < 2 * rk::kSecond);
  }
}

TEST_CASE("what runs on is asked to stop before the end, and tasks see what is left") {
  const int code = rk::run_as_threads(2, short_run(300ms, 200ms), [] {
    const auto future = rk::submit<until_cancelled>(1);
    static_cast<void>(future.get());
    FAIL("it cannot have ended");
  });
  CHECK(code == kNothingKept);
}

TEST_CASE("a task that waits for one that never starts does not hold up the end") {
  const rk::Time start = rk::now();
  const int code =
      rk::run_as_threads(2, short_run(10s, 9'700ms), [] { rk::submit<waits_for_a_late_one>(1).get(); });
  CHECK(code == kNothingKept);
  CHECK(rk::now() - start < 5 * rk::kSecond);  // though the margin was nearly ten
}

TEST_CASE("values that are there are given; a driver that returns with work left has not finished") {
  CHECK(rk::run_as_threads(2, short_run(400ms, 300ms), [] {
          const auto early = rk::submit<quick>(1);
          early.wait();
          const auto never = rk::submit<until_cancelled>(1);
          CHECK_THROWS_AS(never.get(), rk::Drained);
          CHECK(early.get() == 2);
          CHECK_FALSE(never.ready());
          CHECK_THROWS_AS(rk::submit<quick>(5).get(), rk::Drained);
        }) == kNothingKept);
}

TEST_CASE("a driver that holds a token is not thrown at by waits with a limit, but by others") {
  CHECK(rk::run_as_threads(2, short_run(400ms, 300ms), [] {
          const rk::DrainToken token;
          const auto future = rk::submit<until_cancelled>(1);
          while (!token.draining()) CHECK_FALSE(future.wait(5ms));
          const rk::Time start = rk::now();
          while (rk::now() - start < 300 * rk::kMillisecond) CHECK_FALSE(future.wait(5ms));
          CHECK(*rk::time_left() == 0s);
          CHECK_THROWS_AS(future.get(), rk::Drained);
        }) == kNothingKept);
}

TEST_CASE("a driver's own error counts for more than the drain") {
  CHECK_THROWS_AS(rk::run_as_threads(2, short_run(200ms, 100ms),
                                     [] {
                                       const auto future = rk::submit<until_cancelled>(1);
                                       try {
                                         future.get();
                                       } catch (const rk::Drained&) {
                                         throw std::runtime_error("my own");
                                       }
                                     }),
                  std::runtime_error);
}

TEST_CASE("actors' calls go on until the cut, and the run ends") {
  int last = 0;
  const int code = rk::run_as_threads(3, short_run(300ms, 200ms), [&] {
    const auto actor = rk::spawn<Remembering>({.checkpoint_every = 1000});
    for (;;) last = actor.call<&Remembering::add>(1).get();
  });
  CHECK(code == kNothingKept);
  CHECK(last > 0);
}

TEST_CASE("where there is a run directory to go on from, actors are saved at the end and the code is 0") {
  const TemporaryFolder folder;
  for (const int ranks : {1, 3}) {
    INFO("ranks: " << ranks);
    last_saved = -1;
    int last = 0;
    rk::RuntimeOptions options = short_run(400ms, 300ms);
    options.run_directory = folder.path.string();
    const int code = rk::run_as_threads(ranks, options, [&] {
      const auto actor = rk::spawn<Remembering>();
      while (!rk::draining()) last = actor.call<&Remembering::add>(1).get();
      rk::submit<until_cancelled>(1).get();
    });
    CHECK(code == 0);
    CHECK(last > 0);
    CHECK(last_saved == last);  // all calls that the driver made are in it
  }
}

TEST_CASE("when all that is left takes too long, the run does not wait for the wall time") {
  const rk::Time start = rk::now();
  const int code = rk::run_as_threads(2, short_run(60s, 59'700ms), [] {
    // The first one teaches that such tasks take about as long as it is to the margin; the others would not
    // end before the cut.
    const auto first = rk::submit<until_drain>(1);
    first.get();
    rk::submit<until_drain>(2).get();
  });
  CHECK(code == kNothingKept);
  CHECK(rk::now() - start < 20 * rk::kSecond);
}
