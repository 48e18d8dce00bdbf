// SPDX-License-Identifier: Apache-2.0
// Options that a run must obey, cancel, time limits, back-pressure, wait and explain, on ranks that are
// threads.
#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "on_ranks.hpp"
#include "thrown.hpp"

namespace control {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

std::atomic<int> started{0};
std::atomic<bool> gate{false};
std::atomic<std::uint64_t> submitted{0};

int identity(int x) {
  return x;
}
int until_cancelled(int x) {
  const auto end = Clock::now() + 60s;
  while (!rk::cancelled()) {
    if (Clock::now() > end) throw rk::Error("nobody cancelled this task");
    std::this_thread::yield();
  }
  return x;
}
/// Runs until the test opens the gate.
int through_gate(int x) {
  ++started;
  const auto end = Clock::now() + 60s;
  while (!gate && Clock::now() < end) std::this_thread::yield();
  return x;
}
int after(int x, int y) {
  return x + y;
}
int submit_many(int count) {
  std::vector<rk::Future<int>> futures;
  for (int i = 0; i < count; ++i) futures.push_back(rk::submit<identity>(i));
  int sum = 0;
  for (const auto& one : futures) sum += one.get();
  return sum;
}
std::string explain_it(const std::vector<rk::Future<int>>& futures) {
  const rk::Explanation said = rk::explain(futures[0]);
  const bool right = said.state == rk::Explanation::State::waiting && said.missing.size() == 1 &&
                     said.missing[0] == futures[1].id();
  return right ? "waits for the other" : said.sentence;
}

std::string error_of(const rk::Options& options) {
  return thrown<rk::InputError>([&] { rk::submit<identity>(options, 1); });
}

/// Looks at the mail only: what waits stays as it is.
template <class Condition>
bool comes_true(Condition condition) {
  const auto end = Clock::now() + 60s;
  while (!condition()) {
    if (Clock::now() > end) return false;
    rk::submit<identity>(1).ready();  // a look at the mail
    std::this_thread::yield();
  }
  return true;
}

}  // namespace control

using namespace control;
using State = rk::Explanation::State;

TEST_CASE("wrong options are named at submit") {
  on_ranks({2}, [] {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THAT(error_of({.cpus = -1}), ContainsSubstring("option cpus is -1"));
    CHECK_THAT(error_of({.cpus = nan}), ContainsSubstring("option cpus"));
    CHECK_THAT(error_of({.gpus = 1.5}),
               ContainsSubstring("option gpus is 1.5") && ContainsSubstring("whole number"));
    CHECK_THAT(error_of({.custom = {{"licence", -2}}}), ContainsSubstring("licence"));
    CHECK_THAT(error_of({.custom = {{"a", 1}, {"a", 2}}}), ContainsSubstring("twice"));
    CHECK_THAT(error_of({.alternatives = {{.cpus = 1}, {.gpus = 2.5}}}),
               ContainsSubstring("gpus of alternative 2"));
    CHECK_THAT(error_of({.max_retries = -1}), ContainsSubstring("max_retries"));
    CHECK_THAT(error_of({.timeout = -1s}), ContainsSubstring("timeout"));
  });
}

TEST_CASE("what no rank can satisfy fails at once with what was asked and what there is") {
  on_ranks({1, 3}, [] {
    const auto text_of = [](const rk::Options& options) {
      try {
        rk::submit<identity>(options, 1).get();
      } catch (const rk::Unsatisfiable& error) {
        return std::string(error.what());
      }
      return std::string("it ran");
    };
    CHECK_THAT(text_of({.cpus = 64}), ContainsSubstring("64 cpus") && ContainsSubstring("1 cpus"));
    CHECK_THAT(text_of({.gpus = 1}), ContainsSubstring("1 gpus"));
    CHECK_THAT(text_of({.custom = {{"fpga", 1}}}), ContainsSubstring("1 fpga"));
  });
}

TEST_CASE("affinity, hard and soft") {
  rk::run_as_threads(4, {.arena_bytes = std::uint64_t{64} << 20}, [] {
    const auto here = [](int) { return std::this_thread::get_id() == std::thread::id() ? 0 : 1; };
    for (int rank = 1; rank < 4; ++rank) {
      gate = false;
      const auto held = rk::submit<through_gate>({.rank = rank}, rank);
      CHECK(comes_true([&] { return rk::explain(held).state == State::running; }));
      CHECK(rk::explain(held).rank == rank);
      // The rank is taken: a wish goes elsewhere, a condition waits.
      CHECK(rk::submit({.rank = rank, .soft_affinity = true}, here, 1).get() == 1);
      const auto waits = rk::submit<identity>({.rank = rank}, 5);
      CHECK_FALSE(waits.wait(5ms));
      gate = true;
      CHECK(waits.get() == 5);
      CHECK(held.get() == rank);
    }
    CHECK(rk::submit<identity>({.node = 0}, 6).get() == 6);
    CHECK(rk::submit<identity>({.node = 9, .soft_affinity = true}, 6).get() == 6);
  });
}

TEST_CASE("placement spread uses all ranks") {
  rk::run_as_threads(4, {.arena_bytes = std::uint64_t{64} << 20, .cpus = 3}, [] {
    started = 0;
    gate = false;
    std::vector<rk::Future<int>> spread;
    for (int i = 0; i < 3; ++i) {
      spread.push_back(rk::submit<through_gate>({.placement = rk::Placement::spread}, i));
    }
    CHECK(comes_true([] { return started == 3; }));
    std::vector<bool> used(4);
    for (const auto& one : spread) used[static_cast<std::size_t>(rk::explain(one).rank)] = true;
    gate = true;
    CHECK(used == std::vector<bool>{false, true, true, true});
    for (const auto& one : spread) one.get();
  });
}

TEST_CASE("higher priority goes first") {
  rk::run_as_threads(2, {.arena_bytes = std::uint64_t{64} << 20}, [] {
    started = 0;
    gate = false;
    const auto held = rk::submit<through_gate>(0);
    CHECK(comes_true([] { return started == 1; }));
    static std::atomic<int> order{0};
    order = 0;
    const auto next = [](int) { return order++; };
    const auto low = rk::submit({.priority = -1}, next, 1);
    const auto normal = rk::submit({.priority = 0}, next, 1);
    const auto high = rk::submit({.priority = 5}, next, 1);
    gate = true;
    CHECK(high.get() == 0);
    CHECK(normal.get() == 1);
    CHECK(low.get() == 2);
    held.get();
  });
}

TEST_CASE("force is refused where no rank can be spared, and the task is asked") {
  on_ranks({1, 2}, [] {
    const auto running = rk::submit<until_cancelled>(1);
    CHECK_THROWS_WITH(running.cancel({.force = true}),
                      ContainsSubstring("force") && ContainsSubstring("asked to stop"));
    CHECK_THROWS_AS(running.get(), rk::TaskCancelled);
  });
}

TEST_CASE("a task that waits is woken when it is cancelled or over its time, and stops waiting") {
  on_ranks({2, 3}, [] {
    started = 0;
    gate = false;
    const auto wait_for = [](const std::vector<rk::Future<int>>& never) {
      ++started;
      return never[0].get();
    };
    const auto never = rk::submit<through_gate>(1);
    const auto waits = rk::submit(wait_for, std::vector{never});
    const auto late = rk::submit({.timeout = 20ms}, wait_for, std::vector{never});
    // With one worker `never` has the only slot: then the others are cancelled before they start.
    if (rk::statistics().workers > 1) {
      while (started < 3) waits.wait(std::chrono::milliseconds(1));
      CHECK_THROWS_AS(late.get(), rk::TaskTimedOut);
    }
    waits.cancel();
    CHECK_THROWS_AS(waits.get(), rk::TaskCancelled);
    gate = true;
    CHECK(never.get() == 1);
  });
}

TEST_CASE("a driver that throws ends everything, also what nobody holds any more") {
  for (const int ranks : {1, 2, 3}) {
    rk::RuntimeOptions options;
    options.arena_bytes = std::uint64_t{64} << 20;
    const auto begin = Clock::now();
    CHECK_THROWS_WITH(rk::run_as_threads(ranks, options,
                                         [] {
                                           for (int i = 0; i < 5; ++i) rk::submit<until_cancelled>(i);
                                           rk::submit([] { rk::submit<until_cancelled>(7); });
                                           throw rk::Error("the driver's own");
                                         }),
                      ContainsSubstring("the driver's own"));
    CHECK(Clock::now() - begin < 30s);
  }
}

TEST_CASE("a task over its time limit is asked to stop and fails naming the limit") {
  on_ranks({2, 3}, [] {
    const auto slow = rk::submit<until_cancelled>({.timeout = 20ms, .name = "slowcoach"}, 1);
    CHECK_THROWS_AS(slow.get(), rk::TaskTimedOut);
    CHECK_THROWS_WITH(slow.get(), ContainsSubstring("0.02 s") && ContainsSubstring("slowcoach"));
    CHECK(rk::submit<identity>({.timeout = 60s}, 3).get() == 3);
  });
}

TEST_CASE("the driver's submits wait while too much is pending") {
  /// How many submits went through although nothing ended; at least `some` must.
  const auto when_gate_opened = [](std::uint64_t some, const auto& submit) {
    gate = false;
    submitted = 0;
    std::uint64_t seen = 0;
    std::thread opener([&seen, some] {
      const auto patience = Clock::now() + 60s;
      while (submitted < some && Clock::now() < patience) std::this_thread::yield();
      const auto end = Clock::now() + 50ms;  // for more than should be
      while (Clock::now() < end) std::this_thread::yield();
      seen = submitted;
      gate = true;
    });
    std::vector<rk::Future<int>> futures;
    futures.push_back(rk::submit<through_gate>(1));
    for (int i = 1; i < 3000; ++i) {
      futures.push_back(submit());
      ++submitted;
    }
    for (const auto& one : futures) one.wait();
    opener.join();
    return seen;
  };
  rk::RuntimeOptions few;
  few.pending_tasks_max = 100;
  on_ranks(
      {2},
      [&] {
        CHECK(when_gate_opened(99, [] { return rk::submit<identity>(1); }) == 99);
        // More at once than the limit: alone.
        const std::vector<int> inputs(500, 7);
        CHECK(rk::map<identity>(inputs).get() == inputs);
        // Tasks are never held up by the limit, or they could not end.
        CHECK(rk::submit<submit_many>(400).get() == 400 * 399 / 2);
      },
      few);
  rk::RuntimeOptions small;
  small.pending_bytes_max = 64 << 10;
  on_ranks(
      {2},
      [&] {
        const std::vector<int> kilobyte(256, 1);
        const auto size = [](const std::vector<int>& v) { return static_cast<int>(v.size()); };
        const std::uint64_t seen = when_gate_opened(40, [&] { return rk::submit(size, kilobyte); });
        CHECK(seen >= 40);
        CHECK(seen < 64);
      },
      small);
}

TEST_CASE("wait at its corners") {
  on_ranks({2, 3}, [] {
    std::vector<rk::Future<int>> two{rk::put(1), rk::put(2)};
    CHECK_THROWS_AS(rk::wait(two, 3), rk::InputError);
    CHECK_THROWS_WITH(rk::wait(two, 3), ContainsSubstring("3") && ContainsSubstring("2"));
    CHECK(rk::wait(two, 0).size() == 2);
    CHECK(rk::wait(two, 2, 0ns).size() == 2);
    CHECK(rk::wait(std::vector<rk::Future<int>>{}, 0).empty());
    gate = false;
    const auto held = rk::submit<through_gate>(1);
    const std::vector<rk::Future<int>> mixed{held, two[0], held, two[0]};
    CHECK(rk::wait(mixed, 4, 0ns) == std::vector<std::uint32_t>{1, 3});
    CHECK(rk::wait(mixed, 2) == std::vector<std::uint32_t>{1, 3});
    gate = true;
    CHECK(rk::wait(mixed, 4).size() == 4);
  });
}

TEST_CASE("explain says why a task is where it is") {
  rk::run_as_threads(3, {.arena_bytes = std::uint64_t{64} << 20}, [] {
    started = 0;
    gate = false;
    const auto one = rk::submit<through_gate>({.rank = 1}, 1);
    const auto two = rk::submit<through_gate>({.rank = 2}, 2);
    const auto waits = rk::submit<after>(one, 1);
    CHECK(comes_true([] { return started == 2; }));
    const auto ready = rk::submit<identity>({.custom = {}, .rank = 1}, 3);
    CHECK(rk::explain(one).state == State::running);
    CHECK(rk::explain(one).rank == 1);
    CHECK(rk::explain(two).rank == 2);
    const rk::Explanation waiting = rk::explain(waits);
    CHECK(waiting.state == State::waiting);
    CHECK(waiting.missing == std::vector<rk::ObjectId>{one.id()});
    CHECK_FALSE(waiting.sentence.empty());
    const rk::Explanation said = rk::explain(ready);
    CHECK((said.state == State::ready || said.state == State::assigned));
    gate = true;
    CHECK(ready.get() == 3);
    CHECK(waits.get() == 2);
    CHECK(rk::explain(waits).state == State::ended);
    CHECK(rk::explain(rk::put(1)).state == State::ended);
    two.get();
  });
}

TEST_CASE("explain answers in tasks too") {
  rk::run_as_threads(3, {.arena_bytes = std::uint64_t{64} << 20}, [] {
    gate = false;
    const auto held = rk::submit<through_gate>({.rank = 1}, 1);
    const auto waits = rk::submit<after>(held, 1);
    const std::vector<rk::Future<int>> both{waits, held};
    CHECK(rk::submit<explain_it>({.rank = 2}, both).get() == "waits for the other");
    CHECK(explain_it(both) == "waits for the other");
    gate = true;
    CHECK(waits.get() == 2);
  });
}
