// SPDX-License-Identifier: Apache-2.0
// Calls of actors' methods: their order, their arguments and results, actors that call actors, pools.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <rankine/actor.hpp>
#include <rankine/actor_pool.hpp>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace actor_calls_semantics {

int pass(int x) {
  return x;
}
int refuse(int x) {
  throw std::runtime_error("refused " + std::to_string(x));
}

struct Log {
  std::vector<int> lines;
  void write(int line) { lines.push_back(line); }
  std::vector<int> read() const { return lines; }
  int held(const std::string& gate, int x) { return pass_gate(gate, x); }
  int knock(const std::string& door, const std::string& gate, int x) { return knock_and_pass(door, gate, x); }
};

/// Notices if two of its methods are ever in progress at once.
struct Exclusive {
  int inside = 0;
  int most = 0;
  int enter(int x) {
    most = std::max(most, ++inside);
    const int got = rk::submit<pass>(x).get();  // a wait: others could enter
    --inside;
    return got;
  }
  int most_inside() const { return most; }
};

struct Ring {
  rk::Actor<Ring> next;
  int visits = 0;
  void join(const rk::Actor<Ring>& to) { next = to; }
  int go(int hops) {
    ++visits;
    return hops == 0 ? 0 : next.call<&Ring::go>(hops - 1).get() + 1;
  }
  int count() const { return visits; }
};

struct Worker {
  int factor = 1;
  int times(int x) const { return factor * x; }
  int maybe(int x) const {
    if (x < 0) throw std::invalid_argument("negative");
    return x;
  }
  std::vector<double> large(double x) const { return std::vector<double>(50'000, x); }
  double first(const std::vector<double>& values) const { return values.at(0); }
  int through(int x) { return rk::submit<pass>(x).get(); }
};

int write_hundred(const rk::Actor<Log>& log, int base) {
  for (int i = 0; i < 100; ++i) log.call<&Log::write>(base + i);
  return log.call<&Log::read>().get().empty() ? 0 : 1;
}
int get_inside(const std::vector<rk::Future<int>>& refs) {
  return refs.at(0).get();
}

TEST_CASE("calls of one caller run in the order in which it made them") {
  on_ranks([] {
    const auto log = rk::spawn<Log>();
    for (int i = 0; i < 2000; ++i) log.call<&Log::write>(i);
    std::vector<int> expected(2000);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(log.call<&Log::read>().get() == expected);
  });
}

TEST_CASE("several callers interleave, each in its own order") {
  on_ranks([] {
    const auto log = rk::spawn<Log>();
    std::vector<rk::Future<int>> writers;
    for (int w = 0; w < 6; ++w) writers.push_back(rk::submit<write_hundred>(log, 1000 * w));
    for (const auto& writer : writers) CHECK(writer.get() == 1);
    const std::vector<int> lines = log.call<&Log::read>().get();
    CHECK(lines.size() == 600);
    for (int w = 0; w < 6; ++w) {
      std::vector<int> mine;
      std::copy_if(lines.begin(), lines.end(), std::back_inserter(mine),
                   [w](int l) { return l / 1000 == w; });
      CHECK(mine.size() == 100);
      CHECK(std::is_sorted(mine.begin(), mine.end()));
    }
  });
}

TEST_CASE("a call whose argument is still to come delays the later calls of its caller", "[threads]") {
  on_ranks({4}, [] {
    const Gate gate;
    const auto log = rk::spawn<Log>({.rank = 2});
    log.call<&Log::write>(rk::submit<pass_gate>({.rank = 1}, gate.path(), 1));
    log.call<&Log::write>(2);
    const auto lines = log.call<&Log::read>();
    CHECK(rk::submit<write_hundred>({.rank = 3}, log, 100).get() == 1);  // others go on
    CHECK_FALSE(lines.ready());
    gate.open();
    const std::vector<int> all = lines.get();
    CHECK(std::vector<int>(all.end() - 2, all.end()) == std::vector<int>{1, 2});
  });
}

TEST_CASE("one method runs at a time though methods wait") {
  on_ranks([] {
    const auto exclusive = rk::spawn<Exclusive>();
    std::vector<rk::Future<int>> all;
    for (int i = 0; i < 50; ++i) all.push_back(exclusive.call<&Exclusive::enter>(i));
    for (int i = 0; i < 50; ++i) CHECK(all[static_cast<std::size_t>(i)].get() == i);
    CHECK(exclusive.call<&Exclusive::most_inside>().get() == 1);
  });
}

TEST_CASE("max_concurrency lets methods in while others wait") {
  on_ranks({2, 4}, [] {
    const auto shared = rk::spawn<Exclusive>({.max_concurrency = 4});
    std::vector<rk::Future<int>> all;
    for (int i = 0; i < 40; ++i) all.push_back(shared.call<&Exclusive::enter>(i));
    for (int i = 0; i < 40; ++i) CHECK(all[static_cast<std::size_t>(i)].get() == i);
    const int most = shared.call<&Exclusive::most_inside>().get();
    CHECK(most > 1);
    CHECK(most <= 4);
  });
}

TEST_CASE("a cycle of three actors that call each other does not deadlock") {
  on_ranks([] {
    std::vector<rk::Actor<Ring>> ring;
    for (int i = 0; i < 3; ++i) ring.push_back(rk::spawn<Ring>());
    for (std::size_t i = 0; i < 3; ++i) ring[i].call<&Ring::join>(ring[(i + 1) % 3]).get();
    CHECK(ring[0].call<&Ring::go>(3).get() == 3);
    CHECK(ring[0].call<&Ring::go>(30).get() == 30);
    CHECK(ring[0].call<&Ring::count>().get() == 2 + 11);
    for (const auto& one : ring) one.kill();
  });
}

TEST_CASE("an actor may call itself and wait") {
  on_ranks([] {
    const auto self = rk::spawn<Ring>();
    self.call<&Ring::join>(self).get();
    CHECK(self.call<&Ring::go>(5).get() == 5);
    self.kill();
  });
}

TEST_CASE("methods submit tasks and wait for them") {
  on_ranks([] {
    const auto worker = rk::spawn<Worker>();
    std::vector<rk::Future<int>> all;
    for (int i = 0; i < 100; ++i) all.push_back(worker.call<&Worker::through>(i));
    for (int i = 0; i < 100; ++i) CHECK(all[static_cast<std::size_t>(i)].get() == i);
  });
}

TEST_CASE("results of calls are arguments of tasks and of calls") {
  on_ranks([] {
    const auto worker = rk::spawn<Worker>(3);
    const auto other = rk::spawn<Worker>(2);
    const auto six = worker.call<&Worker::times>(2);
    CHECK(rk::submit<pass>(six).get() == 6);
    CHECK(other.call<&Worker::times>(six).get() == 12);
    CHECK(rk::submit<get_inside>(std::vector{worker.call<&Worker::times>(5)}).get() == 15);
    CHECK(worker.call<&Worker::times>(rk::submit<pass>(7)).get() == 21);
  });
}

TEST_CASE("large arguments and results of calls") {
  on_ranks([] {
    const auto worker = rk::spawn<Worker>();
    const auto large = worker.call<&Worker::large>(4.0);
    CHECK(worker.call<&Worker::first>(large).get() == 4.0);
    CHECK(worker.call<&Worker::first>(std::vector<double>(50'000, 5.0)).get() == 5.0);
    CHECK(large.get().size() == 50'000);
  });
}

TEST_CASE("a failed argument fails the call and not the actor") {
  on_ranks([] {
    const auto worker = rk::spawn<Worker>(2);
    const auto failed = worker.call<&Worker::times>(rk::submit<refuse>(3));
    CHECK(has(words_of<rk::TaskError>([&] { failed.get(); }), "refused 3"));
    CHECK(worker.call<&Worker::times>(4).get() == 8);
  });
}

TEST_CASE("wait and timeouts work on calls as on tasks") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto log = rk::spawn<Log>();
    const std::vector<rk::Future<int>> all{log.call<&Log::held>(gate.path(), 1), rk::put(2)};
    CHECK(rk::wait(all, 1) == std::vector<std::uint32_t>{1});
    CHECK(rk::wait(all, 2, milliseconds(20)).size() == 1);
    gate.open();
    CHECK(rk::wait(all, 2).size() == 2);
  });
}

TEST_CASE("a call that has not begun can be cancelled, the actor lives on") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const Gate running;
    const auto log = rk::spawn<Log>();
    const auto first = log.call<&Log::knock>(running.path(), gate.path(), 1);
    const auto second = log.call<&Log::held>(gate.path(), 2);
    await(running);
    second.cancel();
    CHECK_THROWS_AS(second.get(), rk::TaskCancelled);
    CHECK_FALSE(first.ready());
    gate.open();
    CHECK(first.get() == 1);
    CHECK(log.call<&Log::read>().get().empty());
  });
}

TEST_CASE("ten thousand calls may be under way at once") {
  on_ranks([] {
    const auto worker = rk::spawn<Worker>(2);
    std::vector<rk::Future<int>> all;
    for (int i = 0; i < 10'000; ++i) all.push_back(worker.call<&Worker::times>(i));
    long sum = 0;
    for (const auto& one : all) sum += one.get();
    CHECK(sum == 99'990'000);
  });
}

TEST_CASE("a pool maps in the order of its inputs") {
  on_ranks([] {
    const rk::ActorPool<Worker> pool(3, {}, 2);
    std::vector<int> inputs(200);
    std::iota(inputs.begin(), inputs.end(), 0);
    const std::vector<int> results = pool.map<&Worker::times>(inputs);
    REQUIRE(results.size() == 200);
    for (int i = 0; i < 200; ++i) CHECK(results[static_cast<std::size_t>(i)] == 2 * i);
  });
}

TEST_CASE("a pool maps unordered and loses nothing") {
  on_ranks([] {
    const rk::ActorPool<Worker> pool(3, {}, 1);
    std::vector<int> inputs(200);
    std::iota(inputs.begin(), inputs.end(), 0);
    std::vector<int> results = pool.map_unordered<&Worker::times>(inputs);
    std::sort(results.begin(), results.end());
    CHECK(results == inputs);
  });
}

TEST_CASE("a pool goes on after a call that throws") {
  on_ranks([] {
    const rk::ActorPool<Worker> pool(2);
    CHECK_THROWS_AS(pool.map<&Worker::maybe>(std::vector<int>{1, -1, 2}), rk::TaskError);
    CHECK(pool.map<&Worker::maybe>(std::vector<int>{1, 2}) == std::vector<int>{1, 2});
  });
}

TEST_CASE("a pool of nothing is refused") {
  on_ranks([] { CHECK_THROWS_AS(rk::ActorPool<Worker>(0), rk::InputError); });
}

}  // namespace actor_calls_semantics
