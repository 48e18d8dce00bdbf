// SPDX-License-Identifier: Apache-2.0
// Actors: spawning, calling, order, exceptions, names, handles that travel, ends.
#include <atomic>
#include <map>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "on_ranks.hpp"

namespace actors_alone {
namespace {

struct Counter {
  int n = 0;
  int add(int k) { return n += k; }
  int get() const noexcept { return n; }
  int twice(int k) { return 2 * k; }
  std::string twice(const std::string& text) const { return text + text; }
  void reset() { n = 0; }
  int fail(int k) {
    if (k > 0) throw std::out_of_range("k is " + std::to_string(k));
    return n;
  }
};

/// Neither copyable nor movable, with base class methods.
struct Base {
  int base_value() const { return 17; }
};
struct Log : Base {
  explicit Log(std::string name, const std::vector<int>& first) : name_(std::move(name)), lines_(first) {}
  Log(const Log&) = delete;
  void write(int line) { lines_.push_back(line); }
  std::vector<int> lines() const { return lines_; }
  std::string name() const { return name_; }

 private:
  std::string name_;
  std::vector<int> lines_;
};

struct Thrower {
  explicit Thrower(int k) {
    if (k > 0) throw std::invalid_argument("no thrower of " + std::to_string(k));
  }
  int get() const { return 1; }
};

struct Large {
  rk::Array<double> make(std::size_t count) const {
    std::vector<double> values(count);
    std::iota(values.begin(), values.end(), 0.0);
    return rk::Array<double>(std::span<const double>(values));
  }
  double sum(const rk::Array<double>& values) const {
    return std::accumulate(values.begin(), values.end(), 0.0);
  }
};

int square(int x) {
  return x * x;
}
int add_through(const rk::Actor<Counter>& counter, int k) {
  return counter.call<&Counter::add>(k).get();
}
int add_all(const std::vector<rk::Actor<Counter>>& counters) {
  int sum = 0;
  for (const auto& counter : counters) sum += counter.call<&Counter::add>(1).get();
  return sum;
}
rk::Actor<Counter> make_counter(int n) {
  return rk::spawn<Counter>(n);
}
rk::Future<int> call_and_pass_on(const rk::Actor<Counter>& counter, int k) {
  return counter.call<&Counter::add>(k);
}
std::vector<int> write_lines(const rk::Actor<Log>& log, int from, int count) {
  for (int i = 0; i < count; ++i) log.call<&Log::write>(from + i);
  return {};
}

std::atomic<int> alive{0};
struct Counted {
  Counted() { ++alive; }
  ~Counted() { --alive; }
  int get() const { return 5; }
};

std::atomic<bool> gate_open{false};
std::atomic<bool> at_gate{false};
struct Gate {
  int passed = 0;
  int pass() {
    at_gate = true;
    while (!gate_open && !rk::cancelled()) std::this_thread::yield();
    return rk::cancelled() ? -1 : ++passed;
  }
  int count() const { return passed; }
};

struct Dice {
  std::vector<double> thrown;
  Dice() { thrown.push_back(rk::random().uniform()); }
  double roll() {
    thrown.push_back(rk::random().uniform());
    return thrown.back();
  }
  std::vector<double> all() const { return thrown; }
};

}  // namespace
}  // namespace actors_alone
using namespace actors_alone;  // names of tasks and actors are one for the whole program

TEST_CASE("an actor keeps its state from call to call") {
  on_ranks({1, 2, 3}, [] {
    const auto counter = rk::spawn<Counter>();
    auto a = counter.call<&Counter::add>(5);
    auto b = counter.call<&Counter::add>(2);
    auto c = counter.call<&Counter::get>();
    CHECK(a.get() == 5);
    CHECK(b.get() == 7);
    CHECK(c.get() == 7);
    counter.call<&Counter::reset>().get();
    CHECK(counter.call<&Counter::get>().get() == 0);
    CHECK(rk::spawn<Counter>(40).call<&Counter::add>(2).get() == 42);
  });
}

TEST_CASE("methods may be const, noexcept, overloaded or inherited; objects need not be copyable") {
  on_ranks({1, 2}, [] {
    const auto counter = rk::spawn<Counter>();
    CHECK(counter.call<rk::as<int(int)>(&Counter::twice)>(4).get() == 8);
    CHECK(counter.call<rk::as<std::string(const std::string&) const>(&Counter::twice)>("ab").get() == "abab");
    const auto log = rk::spawn<Log>("first", std::vector<int>{1, 2});
    log.call<&Log::write>(3);
    CHECK(log.call<&Log::lines>().get() == std::vector<int>{1, 2, 3});
    CHECK(log.call<&Log::name>().get() == "first");
    CHECK(log.call<&Base::base_value>().get() == 17);
  });
}

TEST_CASE("calls of one caller run in the order it made them") {
  on_ranks({1, 2, 3}, [] {
    const auto log = rk::spawn<Log>("log", std::vector<int>{});
    std::vector<int> expected(5000);
    std::iota(expected.begin(), expected.end(), 0);
    for (const int i : expected) log.call<&Log::write>(i);
    CHECK(log.call<&Log::lines>().get() == expected);
  });
}

TEST_CASE("callers interleave, each in its own order") {
  on_ranks({1, 2, 3}, [] {
    const auto log = rk::spawn<Log>("log", std::vector<int>{});
    std::vector<rk::Future<std::vector<int>>> writers;
    for (int w = 0; w < 6; ++w) writers.push_back(rk::submit<write_lines>(log, 1000 * w, 200));
    for (const auto& writer : writers) writer.get();
    std::map<int, int> next;
    std::size_t seen = 0;
    // Calls that the writers did not wait for are still counted by the actor's own order.
    while (seen < 1200) seen = log.call<&Log::lines>().get().size();
    for (const int line : log.call<&Log::lines>().get()) CHECK(line % 1000 == next[line / 1000]++);
  });
}

TEST_CASE("what a method throws is rethrown and the actor lives on") {
  on_ranks({1, 2}, [] {
    const auto counter = rk::spawn<Counter>(3);
    const auto failed = counter.call<&Counter::fail>(9);
    try {
      failed.get();
      FAIL("must throw");
    } catch (const rk::TaskError& e) {
      CHECK(e.parts().type == "std::out_of_range");
      CHECK(e.parts().text == "k is 9");
      CHECK(e.parts().function.find("fail") != std::string::npos);
    }
    CHECK(counter.call<&Counter::fail>(0).get() == 3);
  });
}

TEST_CASE("a constructor that throws fails every call, saying why") {
  on_ranks({1, 2, 3}, [] {
    const auto thrower = rk::spawn<Thrower>(4);
    const auto early = thrower.call<&Thrower::get>();
    CHECK_THROWS_AS(early.get(), rk::ActorDied);
    try {
      thrower.call<&Thrower::get>().get();
      FAIL("must throw");
    } catch (const rk::ActorDied& e) {
      const std::string text = e.what();
      CHECK(text.find("Thrower") != std::string::npos);
      CHECK(text.find("no thrower of 4") != std::string::npos);
    }
    CHECK(rk::spawn<Thrower>(0).call<&Thrower::get>().get() == 1);
  });
}

TEST_CASE("futures are arguments of calls and constructors, and results of calls arguments of tasks") {
  on_ranks({1, 2, 3}, [] {
    const auto counter = rk::spawn<Counter>(rk::submit<square>(5));
    CHECK(counter.call<&Counter::get>().get() == 25);
    const auto a = counter.call<&Counter::add>(rk::submit<square>(2));
    CHECK(rk::submit<square>(a).get() == 29 * 29);
    const auto b = counter.call<&Counter::add>(a);
    CHECK(b.get() == 58);
    CHECK(rk::submit<square>(b).get() == 58 * 58);
    const auto other = rk::spawn<Counter>();
    CHECK(other.call<&Counter::add>(counter.call<&Counter::get>()).get() == 58);
    const auto broken = counter.call<&Counter::fail>(1);
    CHECK_THROWS_AS(other.call<&Counter::add>(broken).get(), rk::TaskError);
    CHECK_THROWS_AS(rk::submit<square>(broken).get(), rk::TaskError);
    CHECK(other.call<&Counter::get>().get() == 58);
  });
}

TEST_CASE("a call whose argument is missing delays its caller's later calls only") {
  gate_open = false;
  at_gate = false;
  on_ranks({3}, [] {
    gate_open = false;
    at_gate = false;
    const auto gate = rk::spawn<Gate>({.rank = 1});
    const auto log = rk::spawn<Log>({.rank = 2}, "log", std::vector<int>{});
    const auto late = gate.call<&Gate::pass>();
    log.call<&Log::write>(late);
    log.call<&Log::write>(100);
    rk::submit<write_lines>({.rank = 2}, log, 50, 1).get();
    gate_open = true;
    late.get();
    std::vector<int> lines;
    while (lines.size() < 3) lines = log.call<&Log::lines>().get();
    const auto at = [&](int line) { return std::find(lines.begin(), lines.end(), line) - lines.begin(); };
    CHECK(at(1) < at(100));
  });
}

TEST_CASE("handles travel inside arguments, results, objects and containers") {
  on_ranks({1, 2, 3}, [] {
    const auto counter = rk::spawn<Counter>(1);
    CHECK(rk::submit<add_through>(counter, 4).get() == 5);
    const auto made = rk::submit<make_counter>(7).get();
    CHECK(made.call<&Counter::add>(1).get() == 8);
    CHECK(rk::submit<add_all>(std::vector<rk::Actor<Counter>>{counter, made}).get() == 6 + 9);
    const auto stored = rk::put(counter);
    CHECK(stored.get().call<&Counter::get>().get() == 6);
    CHECK(rk::submit<call_and_pass_on>(counter, 10).get().get() == 16);
  });
}

TEST_CASE("large arguments and results go through shared memory") {
  on_ranks({1, 2}, [] {
    const auto large = rk::spawn<Large>();
    const auto made = large.call<&Large::make>(std::size_t{100000});
    CHECK(large.call<&Large::sum>(made).get() == 100000.0 * 99999.0 / 2);
    CHECK(made.get().size() == 100000);
    CHECK(large.call<&Large::sum>(made.get()).get() == 100000.0 * 99999.0 / 2);
  });
}

TEST_CASE("names find actors, are unique among the living, and become free") {
  on_ranks({1, 2, 3}, [] {
    auto counter = rk::spawn<Counter>({.name = "x"}, 3);
    CHECK(rk::find_actor<Counter>("x").call<&Counter::add>(1).get() == 4);
    CHECK_THROWS_AS(rk::find_actor<Counter>("y"), rk::InputError);
    CHECK_THROWS_AS(rk::find_actor<Log>("x"), rk::InputError);
    try {
      rk::spawn<Counter>({.name = "x"});
      FAIL("must throw");
    } catch (const rk::InputError& e) {
      CHECK(std::string(e.what()).find("\"x\"") != std::string::npos);
    }
    counter.kill();
    CHECK_THROWS_AS(counter.call<&Counter::get>().get(), rk::ActorDied);
    CHECK_THROWS_AS(rk::find_actor<Counter>("x"), rk::InputError);
    CHECK(rk::spawn<Counter>({.name = "x"}, 9).call<&Counter::get>().get() == 9);
  });
}

TEST_CASE("an actor ends with its last handle, a detached one with the run") {
  on_ranks({1, 2, 3}, [] {
    alive = 0;
    {
      const auto counted = rk::spawn<Counted>();
      CHECK(counted.call<&Counted::get>().get() == 5);
      CHECK(alive == 1);
    }
    while (alive != 0) rk::submit<square>(1).get();
    rk::spawn<Counted>({.name = "stays", .detached = true});
    CHECK(rk::find_actor<Counted>("stays").call<&Counted::get>().get() == 5);
    for (int i = 0; i < 20; ++i) rk::submit<square>(1).get();
    CHECK(rk::find_actor<Counted>("stays").call<&Counted::get>().get() == 5);
    CHECK(rk::spawn<Counted>().call<&Counted::get>().get() == 5);  // the handle dies before the call
  });
  CHECK(alive == 0);
}

TEST_CASE("the run waits for calls that nobody waits for") {
  static std::atomic<int> done{0};
  struct Slow {
    void work(int depth) {
      if (depth > 0) rk::spawn<Slow>().call<&Slow::work>(depth - 1);
      ++done;
    }
  };
  for (const int ranks : {1, 2, 3}) {
    done = 0;
    on_ranks({ranks}, [] { rk::spawn<Slow>().call<&Slow::work>(4); });
    CHECK(done == 5);
  }
}

TEST_CASE("kill fails what is pending") {
  on_ranks({2, 3}, [] {
    gate_open = false;
    at_gate = false;
    const auto gate = rk::spawn<Gate>();
    const auto running = gate.call<&Gate::pass>();
    const auto queued = gate.call<&Gate::pass>();
    while (!at_gate) rk::submit<square>(1).ready();
    gate.kill();
    CHECK_THROWS_AS(running.get(), rk::ActorDied);
    CHECK_THROWS_AS(queued.get(), rk::ActorDied);
    CHECK_THROWS_AS(gate.call<&Gate::pass>().get(), rk::ActorDied);
  });
}

TEST_CASE("cancelling a call") {
  on_ranks({2, 3}, [] {
    gate_open = false;
    at_gate = false;
    const auto gate = rk::spawn<Gate>();
    const auto running = gate.call<&Gate::pass>();
    const auto queued = gate.call<&Gate::pass>();
    while (!at_gate) rk::submit<square>(1).ready();
    queued.cancel();
    CHECK_THROWS_AS(queued.get(), rk::TaskCancelled);
    running.cancel();
    CHECK(running.get() == -1);
    gate_open = true;
    CHECK(gate.call<&Gate::pass>().get() == 1);
  });
}

TEST_CASE("waiting for results of calls") {
  on_ranks({1, 2}, [] {
    const auto counter = rk::spawn<Counter>();
    std::vector<rk::Future<int>> futures;
    for (int i = 0; i < 100; ++i) futures.push_back(counter.call<&Counter::add>(1));
    CHECK(rk::wait(futures, 10).size() >= 10);
    int count = 0;
    for (const auto [index, future] : rk::as_completed(futures)) {
      CHECK(future.get() == static_cast<int>(index) + 1);
      ++count;
    }
    CHECK(count == 100);
  });
}

TEST_CASE("random numbers in actors do not depend on where they live") {
  std::vector<std::vector<double>> seen;
  on_ranks({1, 2, 3}, [&seen] {
    const auto dice = rk::spawn<Dice>();
    for (int i = 0; i < 5; ++i) dice.call<&Dice::roll>();
    seen.push_back(dice.call<&Dice::all>().get());
  });
  CHECK(seen[0].size() == 6);
  CHECK(seen[0] == seen[1]);
  CHECK(seen[0] == seen[2]);
  CHECK(seen[0][1] != seen[0][2]);
}

TEST_CASE("a thousand actors on two ranks") {
  on_ranks({2, 3}, [] {
    std::vector<rk::Actor<Counter>> counters;
    std::vector<rk::Future<int>> futures;
    for (int i = 0; i < 1000; ++i) counters.push_back(rk::spawn<Counter>(i));
    for (const auto& counter : counters) futures.push_back(counter.call<&Counter::add>(1));
    int wrong = 0;
    for (int i = 0; i < 1000; ++i) wrong += futures[static_cast<std::size_t>(i)].get() != i + 1;
    CHECK(wrong == 0);
  });
}

TEST_CASE("wrong options of actors are errors that name them") {
  on_ranks({1}, [] {
    CHECK_THROWS_WITH(rk::spawn<Counter>({.max_concurrency = 0}), Catch::Contains("max_concurrency"));
    CHECK_THROWS_WITH(rk::spawn<Counter>({.max_restarts = -2}), Catch::Contains("max_restarts"));
    CHECK_THROWS_WITH(rk::spawn<Counter>({.detached = true}), Catch::Contains("detached"));
    CHECK_THROWS_WITH(rk::spawn<Gate>({.cpus = -1}), Catch::Contains("cpus"));
    CHECK_THROWS_WITH(rk::spawn<Log>({.checkpoint_every = 1}, "a", std::vector<int>{}),
                      Catch::Contains("checkpoint_every"));
    CHECK_THROWS_AS(rk::spawn<Counter>({.cpus = 1000}).call<&Counter::get>().get(), rk::ActorDied);
    CHECK_THROWS_AS(rk::Actor<Counter>().call<&Counter::get>(), rk::Error);
  });
}

TEST_CASE("a pool of actors keeps the order of its inputs") {
  on_ranks({1, 2, 3}, [] {
    const rk::ActorPool<Counter> pool(3);
    std::vector<int> inputs(50);
    std::iota(inputs.begin(), inputs.end(), 0);
    const auto twice = pool.map<rk::as<int(int)>(&Counter::twice)>(inputs);
    for (int i = 0; i < 50; ++i) CHECK(twice[static_cast<std::size_t>(i)] == 2 * i);
    auto some = pool.map_unordered<rk::as<int(int)>(&Counter::twice)>(inputs);
    std::sort(some.begin(), some.end());
    CHECK(some == twice);
    CHECK_THROWS_AS(pool.map<&Counter::fail>(std::vector<int>{0, 1, 0}), rk::TaskError);
    CHECK_THROWS_AS(rk::ActorPool<Counter>(0), rk::InputError);
  });
}
