// SPDX-License-Identifier: Apache-2.0
// Where and when tasks run: resources, affinity, placement, priority.
#include <chrono>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace scheduling_semantics {

constexpr std::uint64_t kArena = std::uint64_t{64} << 20;

int pass(int x) {
  return x;
}
int refuse() {
  throw std::runtime_error("here");
}
rk::Array<double> make_large(int count) {
  return rk::Array<double>(std::vector<double>(static_cast<std::size_t>(count)));
}
int refuse_large(const rk::Array<double>&) {
  throw std::runtime_error("here");
}
int nap(int x) {
  std::this_thread::sleep_for(milliseconds(1));
  return x;
}
/// When it ran, on the clock of the node.
std::int64_t when(int) {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

/// The rank on which a task with these options ran.
int rank_with(rk::Options options) {
  options.max_retries = 0;
  try {
    rk::submit<refuse>(options).get();
  } catch (const rk::TaskError& error) {
    return error.parts().rank;
  }
  return -1;
}

TEST_CASE("a task runs on the rank it asks for") {
  on_ranks({2, 4}, [] {
    const int workers = static_cast<int>(rk::statistics().workers);
    for (int rank = 1; rank <= workers; ++rank) CHECK(rank_with({.rank = rank}) == rank);
  });
}

TEST_CASE("a task runs on the node it asks for") {
  on_ranks([] { CHECK(rank_with({.node = 0}) >= 0); });
}

TEST_CASE("affinity waits for its rank while others are idle", "[threads]") {
  on_ranks({4}, [] {
    const Gate gate;
    const Gate running;
    const auto blocker = rk::submit<knock_and_pass>({.rank = 2}, running.path(), gate.path(), 1);
    await(running);
    const auto bound = rk::submit<pass>({.rank = 2}, 5);
    CHECK(rk::submit<pass>({.rank = 1}, 6).get() == 6);
    CHECK_FALSE(bound.wait(milliseconds(20)));
    gate.open();
    CHECK(bound.get() == 5);
  });
}

TEST_CASE("a rank or node that does not exist is refused, unless it was only a wish") {
  on_ranks([] {
    CHECK_THROWS_AS(rk::submit<pass>({.rank = 77}, 1).get(), rk::Error);
    CHECK_THROWS_AS(rk::submit<pass>({.node = 77}, 1).get(), rk::Error);
    CHECK(rk::submit<pass>({.rank = 77, .soft_affinity = true}, 2).get() == 2);
  });
}

TEST_CASE("a wish for a busy rank does not wait for it", "[threads]") {
  on_ranks({4}, [] {
    const Gate gate;
    const Gate running;
    const auto blocker = rk::submit<knock_and_pass>({.rank = 2}, running.path(), gate.path(), 1);
    await(running);
    CHECK(rk::submit<pass>({.rank = 2, .soft_affinity = true}, 5).get() == 5);
  });
}

TEST_CASE("a task goes to the node that has its large argument", "[threads]") {
  rk::run_as_threads(rk::PretendedNodes{.nodes = 2, .ranks_per_node = 3}, {.arena_bytes = kArena}, [] {
    for (const int rank : {4, 1, 5}) {
      const auto large = rk::submit<make_large>({.rank = rank}, 1 << 20);
      CHECK(large.wait());
      try {
        rk::submit<refuse_large>(large).get();
        FAIL("get returned");
      } catch (const rk::TaskError& error) {
        CHECK(error.parts().rank / 3 == rank / 3);
      }
    }
    CHECK(rk::statistics().store.pulls == 0);
  });
}

TEST_CASE("a large request behind a stream of small ones gets its room", "[threads]") {
  on_ranks({2},
           [] {
             std::vector<rk::Future<int>> stream;
             for (int i = 0; i < 8; ++i) stream.push_back(rk::submit<nap>(i));
             const auto wide = rk::submit<pass>({.cpus = 3}, 9);
             int submitted = 0;
             while (!wide.ready() && submitted < 5000) {
               for (auto& one : stream) {
                 if (one.ready()) one = rk::submit<nap>(submitted++);
               }
               rk::wait(stream, 1, milliseconds(5));
             }
             CHECK(wide.ready());
           },
           {.arena_bytes = kArena, .cpus = 3});
}

TEST_CASE("tasks that are spread run on all ranks", "[threads]") {
  on_ranks({4}, [] {
    const Gate gate;
    std::vector<Gate> doors(3);
    std::vector<rk::Future<int>> all;
    for (const Gate& door : doors) {
      all.push_back(
          rk::submit<knock_and_pass>({.placement = rk::Placement::spread}, door.path(), gate.path(), 1));
    }
    for (const Gate& door : doors) await(door);
    CHECK(all[0].ready() == false);
  });
}

TEST_CASE("with one rank in all the driver's rank runs the tasks, otherwise it does not", "[threads]") {
  on_ranks({1, 2, 4}, [] {
    const bool alone = rank_with({}) == 0;
    std::set<int> ranks;
    for (int i = 0; i < 20; ++i) ranks.insert(rank_with({.placement = rk::Placement::spread}));
    CHECK(ranks.contains(0) == alone);
    CHECK(rk::statistics().workers == (alone ? 1 : rk::statistics().workers));
  });
}

TEST_CASE("among ready tasks the higher priority runs first") {
  on_ranks({2}, [] {
    const Gate gate;
    const Gate running;
    const auto blocker = rk::submit<knock_and_pass>(running.path(), gate.path(), 1);
    await(running);
    // Tasks that are already in the worker's own queue keep their places, so there are many.
    std::vector<rk::Future<std::int64_t>> low;
    std::vector<rk::Future<std::int64_t>> high;
    for (int i = 0; i < 300; ++i) low.push_back(rk::submit<when>({.priority = 0}, i));
    for (int i = 0; i < 300; ++i) high.push_back(rk::submit<when>({.priority = 5}, i));
    gate.open();
    int earlier = 0;
    const std::int64_t last_high = high.back().get();
    for (const auto& one : low) earlier += one.get() < last_high ? 1 : 0;
    CHECK(earlier <= 50);
  });
}

TEST_CASE("tasks of one priority on one worker run in the order of their submission") {
  on_ranks({1, 2}, [] {
    std::vector<rk::Future<std::int64_t>> all;
    for (int i = 0; i < 500; ++i) all.push_back(rk::submit<when>(i));
    const std::vector<std::int64_t> times = rk::get(all);
    int out_of_order = 0;
    for (std::size_t i = 1; i < times.size(); ++i) out_of_order += times[i] < times[i - 1] ? 1 : 0;
    CHECK(out_of_order == 0);
  });
}

TEST_CASE("a request that no rank can ever satisfy fails at once and says what there is") {
  on_ranks([] {
    const std::string words = words_of<rk::Unsatisfiable>([] { rk::submit<pass>({.gpus = 2}, 1).get(); });
    CHECK(has(words, "gpu"));
    CHECK_THROWS_AS(rk::submit<pass>({.cpus = 1000}, 1).get(), rk::Unsatisfiable);
    CHECK_THROWS_AS(rk::submit<pass>({.custom = {{"unicorn", 1}}}, 1).get(), rk::Unsatisfiable);
    CHECK(rk::submit<pass>(2).get() == 2);
  });
}

TEST_CASE("a negative amount is refused at the call") {
  on_ranks([] {
    CHECK_THROWS_AS(rk::submit<pass>({.cpus = -1}, 1), rk::InputError);
    CHECK_THROWS_AS(rk::submit<pass>({.gpus = -0.5}, 1), rk::InputError);
  });
}

TEST_CASE("a task behind an impossible one runs") {
  on_ranks([] {
    const auto impossible = rk::submit<pass>({.gpus = 100}, 1);
    const auto needs_it = rk::submit<pass>(impossible);
    CHECK(rk::submit<pass>(3).get() == 3);
    CHECK_THROWS_AS(needs_it.get(), rk::Unsatisfiable);
  });
}

}  // namespace scheduling_semantics
