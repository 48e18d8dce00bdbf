// SPDX-License-Identifier: Apache-2.0
// Gangs take the place of placement groups: one call on several ranks at once, all or nothing.
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <rankine/gang.hpp>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace gangs_semantics {

constexpr std::uint64_t kArena = std::uint64_t{64} << 20;

int pass(int x) {
  return x;
}
int refuse(int x) {
  throw std::runtime_error("refused " + std::to_string(x));
}
int ten_times_rank_and_size(rk::Gang& gang, int x) {
  return x + 10 * gang.rank() + gang.size();
}
void nothing(rk::Gang&) {}

/// Says that it is there, then waits for its gang's gate: whether all were in at once is the driver's to see.
int enter(rk::Gang& gang, const std::vector<std::string>& doors, const std::string& gate) {
  return knock_and_pass(doors.at(static_cast<std::size_t>(gang.rank())), gate, gang.rank());
}
int throw_in_one(rk::Gang& gang, const std::vector<std::string>& doors, const std::string& left) {
  if (gang.rank() == 2) {
    pass_gate(doors.at(0), 0);
    pass_gate(doors.at(1), 0);
    throw std::out_of_range("member 2");
  }
  unlink(doors.at(static_cast<std::size_t>(gang.rank())).c_str());
  while (!gang.broken()) std::this_thread::sleep_for(std::chrono::microseconds(200));
  unlink(left.c_str());
  return 0;
}
int until_asked(rk::Gang& gang, const std::string& door) {
  unlink(door.c_str());
  while (!gang.broken() && !rk::cancelled()) std::this_thread::sleep_for(std::chrono::microseconds(200));
  return 0;
}
int nodes_of(rk::Gang& gang) {
  return gang.nodes();
}
int gang_inside(int ranks, int x) {
  return rk::submit_gang<ten_times_rank_and_size>({.ranks = ranks}, x).get();
}
int tasks_inside(rk::Gang& gang, int x) {
  return rk::submit<pass>(x + gang.rank()).get();
}
std::uint64_t draw(rk::Gang&) {
  return rk::random()();
}

int throw_when_asked(rk::Gang& gang, const std::string& door) {
  until_asked(gang, door);
  throw std::runtime_error("was asked");
}

std::vector<std::string> paths_of(const std::vector<Gate>& gates) {
  std::vector<std::string> paths;
  for (const Gate& gate : gates) paths.push_back(gate.path());
  return paths;
}

TEST_CASE("the value of a gang is that of its rank 0, or of every rank") {
  on_ranks([] {
    const int ranks = static_cast<int>(rk::statistics().workers);
    CHECK(rk::submit_gang<ten_times_rank_and_size>({.ranks = ranks}, 100).get() == 100 + ranks);
    const auto all = rk::submit_gang_all<ten_times_rank_and_size>({.ranks = ranks}, 0);
    REQUIRE(all.size() == static_cast<std::size_t>(ranks));
    for (int r = 0; r < ranks; ++r) CHECK(all[static_cast<std::size_t>(r)].get() == 10 * r + ranks);
    CHECK_NOTHROW(rk::submit_gang<nothing>({.ranks = 1}).get());
  });
}

TEST_CASE("members of a gang run at the same time", "[threads]") {
  on_ranks({4}, [] {
    const std::vector<Gate> doors(3);
    const Gate gate;
    const auto gang = rk::submit_gang_all<enter>({.ranks = 3}, paths_of(doors), gate.path());
    for (const Gate& door : doors) await(door);
    gate.open();
    CHECK(gang.get() == std::vector<int>{0, 1, 2});
  });
}

TEST_CASE("two disjoint gangs run at the same time", "[threads]") {
  on_ranks({5}, [] {
    const std::vector<Gate> doors(4);
    const Gate gate;
    const std::vector<std::string> paths = paths_of(doors);
    const auto one =
        rk::submit_gang<enter>({.ranks = 2}, std::vector(paths.begin(), paths.begin() + 2), gate.path());
    const auto two =
        rk::submit_gang<enter>({.ranks = 2}, std::vector(paths.begin() + 2, paths.end()), gate.path());
    for (const Gate& door : doors) await(door);
    gate.open();
    CHECK(one.get() == 0);
    CHECK(two.get() == 0);
  });
}

TEST_CASE("a gang starts with all its members or not at all", "[threads]") {
  on_ranks({4}, [] {
    const Gate gate;
    const Gate running;
    const std::vector<Gate> doors(3);
    const auto blocker = rk::submit<knock_and_pass>({.rank = 1}, running.path(), gate.path(), 1);
    await(running);
    const auto gang = rk::submit_gang_all<enter>({.ranks = 3}, paths_of(doors), gate.path());
    CHECK_FALSE(gang.wait(milliseconds(20)));
    for (const Gate& door : doors) CHECK(shut(door.path()));
    gate.open();
    CHECK(gang.get() == std::vector<int>{0, 1, 2});
  });
}

TEST_CASE("a stream of single tasks does not starve a gang", "[threads]") {
  on_ranks({4}, [] {
    const auto nap = [](int x) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return x;
    };
    std::vector<rk::Future<int>> stream;
    for (int i = 0; i < 12; ++i) stream.push_back(rk::submit(nap, i));
    const auto gang = rk::submit_gang<ten_times_rank_and_size>({.ranks = 3}, 0);
    int submitted = 0;
    while (!gang.ready() && submitted < 5000) {
      for (auto& one : stream) {
        if (!one.ready()) continue;
        one = rk::submit(nap, submitted++);
      }
      rk::wait(stream, 1, milliseconds(5));
    }
    CHECK(gang.ready());
    CHECK(gang.get() == 3);
  });
}

TEST_CASE("what a gang held is given back: two hundred in a row") {
  on_ranks([] {
    const int ranks = static_cast<int>(rk::statistics().workers);
    for (int i = 0; i < 200; ++i) {
      REQUIRE(rk::submit_gang<ten_times_rank_and_size>({.ranks = ranks}, i).get() == i + ranks);
    }
    CHECK(rk::submit<pass>(1).get() == 1);
  });
}

TEST_CASE("a gang larger than the job fails at once and says what there is") {
  on_ranks([] {
    const std::string words =
        words_of<rk::Unsatisfiable>([] { rk::submit_gang<ten_times_rank_and_size>({.ranks = 99}, 1).get(); });
    CHECK(has(words, "99"));
    CHECK_THROWS_AS(rk::submit_gang<nothing>({.ranks = 0}), rk::InputError);
    CHECK_THROWS_AS(rk::submit_gang<nothing>({.ranks = 1, .per_rank = {.gpus = 9}}).get(), rk::Unsatisfiable);
  });
}

TEST_CASE("futures are arguments of gangs, and a failed one fails the gang") {
  on_ranks([] {
    CHECK(rk::submit_gang<ten_times_rank_and_size>({.ranks = 1}, rk::submit<pass>(5)).get() == 6);
    const auto failed = rk::submit_gang<ten_times_rank_and_size>({.ranks = 1}, rk::submit<refuse>(5));
    CHECK(has(words_of<rk::TaskError>([&] { failed.get(); }), "refused 5"));
  });
}

TEST_CASE("tasks submit gangs and wait for them") {
  on_ranks([] { CHECK(rk::submit<gang_inside>(1, 7).get() == 8); });
}

TEST_CASE("members submit tasks to what the gang leaves free", "[threads]") {
  on_ranks({4}, [] { CHECK(rk::submit_gang<tasks_inside>({.ranks = 2}, 3).get() == 3); });
}

TEST_CASE("a member that throws breaks its gang, and its words come out of get", "[threads]") {
  on_ranks({4}, [] {
    const std::vector<Gate> doors(2);
    const Gate others_left;
    const auto gang = rk::submit_gang<throw_in_one>({.ranks = 3}, paths_of(doors), others_left.path());
    CHECK(has(words_of<rk::TaskError>([&] { gang.get(); }), "member 2"));
    await(others_left);
    CHECK(rk::submit_gang<ten_times_rank_and_size>({.ranks = 3}, 0).get() == 3);
  });
}

TEST_CASE("a gang that waits for room can be cancelled, and a running one is asked") {
  on_ranks({2, 4}, [] {
    const int ranks = static_cast<int>(rk::statistics().workers);
    const Gate door;
    const auto running = rk::submit_gang<until_asked>({.ranks = ranks}, door.path());
    await(door);
    const auto waiting = rk::submit_gang<nothing>({.ranks = ranks});
    waiting.cancel();
    CHECK_THROWS_AS(waiting.get(), rk::TaskCancelled);
    running.cancel();
    CHECK_THROWS_AS(running.get(), rk::TaskCancelled);
    CHECK_NOTHROW(rk::submit_gang<nothing>({.ranks = ranks}).get());
  });
}

TEST_CASE("a gang over its time limit fails as timed out") {
  on_ranks({2, 4}, [] {
    const int ranks = static_cast<int>(rk::statistics().workers);
    const Gate door;
    const auto gang =
        rk::submit_gang<throw_when_asked>({.ranks = ranks, .timeout = milliseconds(50)}, door.path());
    CHECK_THROWS_AS(gang.get(), rk::TaskTimedOut);
    CHECK_NOTHROW(rk::submit_gang<nothing>({.ranks = ranks}).get());
  });
}

TEST_CASE("strict_pack keeps a gang on one node, spread takes different ones", "[threads]") {
  rk::run_as_threads(rk::PretendedNodes{.nodes = 2, .ranks_per_node = 3}, {.arena_bytes = kArena}, [] {
    for (int i = 0; i < 10; ++i) {
      CHECK(rk::submit_gang<nodes_of>({.ranks = 3, .strategy = rk::GangStrategy::strict_pack}).get() == 1);
      CHECK(rk::submit_gang<nodes_of>({.ranks = 2, .strategy = rk::GangStrategy::spread}).get() == 2);
    }
    const auto never = rk::submit_gang<nodes_of>({.ranks = 4, .strategy = rk::GangStrategy::strict_pack});
    CHECK_THROWS_AS(never.get(), rk::Unsatisfiable);
  });
}

TEST_CASE("members draw random numbers of their own, the same on any ranks", "[threads]") {
  std::vector<std::uint64_t> first;
  for (const int ranks : {3, 5}) {
    rk::run_as_threads(ranks, {.seed = 9, .arena_bytes = kArena}, [&first] {
      const auto drawn = rk::submit_gang_all<draw>({.ranks = 2}).get();
      CHECK(drawn[0] != drawn[1]);
      if (first.empty()) first = drawn;
      CHECK(drawn == first);
    });
  }
}

}  // namespace gangs_semantics
