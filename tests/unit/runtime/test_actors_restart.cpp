// SPDX-License-Identifier: Apache-2.0
// Actors that begin a new life: what becomes of their state and of calls under way.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "on_ranks.hpp"

namespace actors_restarting {
namespace {

/// Saved by the user's own functions.
struct Journal {
  std::vector<int> lines;
  std::uint64_t hash = 1;
  int write(int line) {
    lines.push_back(line);
    hash = hash * 31 + static_cast<std::uint64_t>(line);
    return static_cast<int>(lines.size());
  }
  std::vector<int> all() const { return lines; }
  std::uint64_t digest() const { return hash; }
  std::pair<std::vector<int>, std::uint64_t> save() const { return {lines, hash}; }
  void load(const std::pair<std::vector<int>, std::uint64_t>& state) {
    lines = state.first;
    hash = state.second;
  }
};

struct Tally {
  int n = 0;
  int add(int k) { return n += k; }
};

std::atomic<bool> gate_open{false};
std::atomic<bool> at_gate{false};
struct Gate {
  int pass() {
    at_gate = true;
    while (!gate_open && !rk::cancelled()) std::this_thread::yield();
    return 1;
  }
};

int square(int x) {
  return x * x;
}

std::uint64_t digest_of(int lines) {
  Journal journal;
  for (int i = 0; i < lines; ++i) journal.write(i);
  return journal.digest();
}

}  // namespace
}  // namespace actors_restarting
using namespace actors_restarting;  // names of tasks and actors are one for the whole program

TEST_CASE("a killed actor is restarted from its constructor, its calls fail") {
  on_ranks({2, 3}, [] {
    gate_open = false;
    at_gate = false;
    const auto gate = rk::spawn<Gate>({.max_restarts = 1});
    const auto running = gate.call<&Gate::pass>();
    while (!at_gate) rk::submit<square>(1).ready();
    gate.kill({.restart = true});
    CHECK_THROWS_AS(running.get(), rk::ActorRestarted);
    gate_open = true;
    CHECK(gate.call<&Gate::pass>().get() == 1);
    gate.kill({.restart = true});
    try {
      while (true) gate.call<&Gate::pass>().get();
    } catch (const rk::ActorDied& e) {
      CHECK(std::string(e.what()).find("no restart is left") != std::string::npos);
    } catch (const rk::ActorRestarted&) {
      FAIL("no restart is left");
    }
  });
}

TEST_CASE("with retries every call has its effect once, whenever the actor is killed") {
  const std::uint64_t undisturbed = digest_of(300);
  for (const std::uint32_t every : {0u, 1u, 7u}) {
    on_ranks({1, 2, 3}, [&] {
      const auto journal =
          rk::spawn<Journal>({.max_restarts = -1, .max_task_retries = -1, .checkpoint_every = every});
      std::uint64_t random = 88172645463325252ull + every;
      std::vector<rk::Future<int>> futures;
      for (int i = 0; i < 300; ++i) {
        futures.push_back(journal.call<&Journal::write>(i));
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if (random % 23 == 0) journal.kill({.restart = true});
        if (random % 11 == 0) futures.back().get();
      }
      int wrong = 0;
      for (int i = 0; i < 300; ++i) wrong += futures[static_cast<std::size_t>(i)].get() != i + 1;
      CHECK(wrong == 0);
      CHECK(journal.call<&Journal::digest>().get() == undisturbed);
    });
  }
}

TEST_CASE("classes that travel are saved whole") {
  on_ranks({1, 2}, [] {
    const auto tally = rk::spawn<Tally>({.max_restarts = -1, .checkpoint_every = 1});
    for (int i = 0; i < 10; ++i) tally.call<&Tally::add>(1).get();
    tally.kill({.restart = true});
    int n = 0;
    while (n == 0) {
      try {
        n = tally.call<&Tally::add>(0).get();
      } catch (const rk::ActorRestarted&) {
      }
    }
    // The last checkpoint may not have reached the head before it heard of the kill.
    CHECK(n >= 9);
    CHECK(n <= 10);
  });
}
