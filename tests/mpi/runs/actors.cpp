// SPDX-License-Identifier: Apache-2.0
// Actors in one real job: state, order, circles of calls, futures and handles that travel, names, ends,
// restarts with retries. Every check that fails says so on standard error and makes the exit code 1.
#include <cstdint>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

#include "checks.hpp"

namespace rk = rankine;

namespace {

Checks check("actors");

struct Counter {
  int n = 0;
  int add(int k) { return n += k; }
  int fail() { throw std::domain_error("no"); }
};

/// Calls the next in a ring until `hops` is used up.
struct Node {
  int self = 0;
  std::vector<rk::Actor<Node>> ring;
  void join(const std::vector<rk::Actor<Node>>& all, int me) {
    ring = all;
    self = me;
  }
  void leave() { ring.clear(); }
  int hop(int hops) const {
    if (hops == 0) return self;
    const auto next = static_cast<std::size_t>(self + 1) % ring.size();
    return self + ring[next].call<&Node::hop>(hops - 1).get();
  }
};

struct Journal {
  std::vector<int> lines;
  void write(int line) { lines.push_back(line); }
  std::vector<int> all() const { return lines; }
  std::vector<int> save() const { return lines; }
  void load(const std::vector<int>& saved) { lines = saved; }
};

struct Large {
  rk::Array<double> make(std::size_t count) const {
    return rk::Array<double>(count, [](std::size_t i) { return static_cast<double>(i); });
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
int add_by_name(const std::string& name, int k) {
  return rk::find_actor<Counter>(name).call<&Counter::add>(k).get();
}
rk::Future<int> passed_on(const rk::Actor<Counter>& counter) {
  return counter.call<&Counter::add>(0);
}

void state_and_errors() {
  const auto counter = rk::spawn<Counter>(rk::submit<square>(3));
  std::vector<rk::Future<int>> futures;
  for (int i = 0; i < 2000; ++i) futures.push_back(counter.call<&Counter::add>(1));
  for (int i = 0; i < 2000; ++i)
    check(futures[static_cast<std::size_t>(i)].get() == 10 + i, "calls run in order");
  check(check.throws<rk::TaskError>([&] { counter.call<&Counter::fail>().get(); }),
        "exceptions are rethrown");
  check(rk::submit<add_through>(counter, 1).get() == 2010, "a handle travels to a task");
  check(rk::submit<square>(counter.call<&Counter::add>(-2000)).get() == 100, "a result is a dependency");
  check(rk::submit<passed_on>(counter).get().get() == 10, "a result's future travels");
}

void circles() {
  for (const int count : {1, 2, 3}) {
    std::vector<rk::Actor<Node>> ring;
    for (int i = 0; i < count; ++i) ring.push_back(rk::spawn<Node>());
    for (int i = 0; i < count; ++i) ring[static_cast<std::size_t>(i)].call<&Node::join>(ring, i).get();
    int expected = 0;
    for (int hop = 0; hop <= 9; ++hop) expected += hop % count;
    check(ring[0].call<&Node::hop>(9).get() == expected, "actors call each other in a circle");
    for (const auto& node : ring) node.call<&Node::leave>().get();
  }
}

void large_values() {
  const auto large = rk::spawn<Large>();
  const auto other = rk::spawn<Large>();
  const auto made = large.call<&Large::make>(std::size_t{200000});
  check(other.call<&Large::sum>(made).get() == 200000.0 * 199999.0 / 2, "large results are arguments");
  check(made.get()[199999] == 199999.0, "large results are read in place");
}

void names_and_ends() {
  auto named = rk::spawn<Counter>({.name = "x"}, 5);
  check(rk::submit<add_by_name>("x", 2).get() == 7, "a task finds an actor by name");
  check(check.throws<rk::InputError>([] { rk::spawn<Counter>({.name = "x"}); }), "names are unique");
  const auto pending = named.call<&Counter::add>(1);
  named.kill();
  check(check.throws<rk::ActorDied>([&] { named.call<&Counter::add>(1).get(); }), "the killed are dead");
  check(check.throws<rk::InputError>([] { rk::find_actor<Counter>("x"); }), "the dead have no names");
  std::vector<rk::Actor<Counter>> many;
  std::vector<rk::Future<int>> futures;
  for (int i = 0; i < 1000; ++i) many.push_back(rk::spawn<Counter>(i));
  for (const auto& one : many) futures.push_back(one.call<&Counter::add>(1));
  for (int i = 0; i < 1000; ++i)
    check(futures[static_cast<std::size_t>(i)].get() == i + 1, "a thousand actors");
}

void restarts() {
  std::vector<int> expected(300);
  std::iota(expected.begin(), expected.end(), 0);
  for (const std::uint32_t every : {0u, 1u, 7u}) {
    const auto journal =
        rk::spawn<Journal>({.max_restarts = -1, .max_task_retries = -1, .checkpoint_every = every});
    std::uint64_t random = 88172645463325252ull + every;
    for (const int i : expected) {
      const auto written = journal.call<&Journal::write>(i);
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      if (random % 23 == 0) journal.kill({.restart = true});
      if (random % 11 == 0) written.get();
    }
    check(journal.call<&Journal::all>().get() == expected, "every call has its effect once");
  }
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  return runtime.run([] {
    state_and_errors();
    circles();
    large_values();
    names_and_ends();
    restarts();
    if (check.all_hold()) std::cout << "actors: ok\n";
    return check.exit_code();
  });
}
