// SPDX-License-Identifier: Apache-2.0
// Tasks that submit tasks, wait for them and hand their refs on.
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "gate.hpp"
#include "on_ranks.hpp"
#include "sanitized.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace nested_semantics {

using Refs = std::vector<rk::Future<int>>;

int square(int x) {
  return x * x;
}
int fibonacci(int n) {
  if (n < 2) return n;
  const auto a = rk::submit<fibonacci>(n - 1);
  const auto b = rk::submit<fibonacci>(n - 2);
  return a.get() + b.get();
}
int depth_below(int depth) {
  return depth == 0 ? 0 : rk::submit<depth_below>(depth - 1).get() + 1;
}
long submit_many(int n) {
  Refs all;
  all.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) all.push_back(rk::submit<square>(i % 10));
  return std::accumulate(all.begin(), all.end(), 0L, [](long s, const auto& one) { return s + one.get(); });
}
long map_and_sum(int n) {
  std::vector<int> inputs(static_cast<std::size_t>(n));
  std::iota(inputs.begin(), inputs.end(), 0);
  const std::vector<int> squares = rk::map<square>(inputs).get();
  return std::accumulate(squares.begin(), squares.end(), 0L);
}
Refs children(int n) {
  Refs all;
  for (int i = 0; i < n; ++i) all.push_back(rk::submit<square>(i));
  return all;
}
/// The ref goes down `depth` tasks, each of which hands out the next one's handle at once.
rk::Future<int> hand_down_end(const Refs& ref) {
  return ref.at(0);
}
int hand_down(const Refs& ref, int depth) {
  if (depth == 0) return ref.at(0).get();
  return rk::submit<hand_down>(ref, depth - 1).get();
}
int refuse(int x) {
  throw std::out_of_range("no " + std::to_string(x));
}
int parent_of_failure(int x) {
  return rk::submit<refuse>(x).get();
}
int parent_that_catches(int x) {
  try {
    return rk::submit<refuse>(x).get();
  } catch (const rk::TaskError& error) {
    return error.parts().text == "no " + std::to_string(x) ? x : -1;
  }
}
int wait_in_handler(int n) {
  try {
    throw n;
  } catch (int caught) {
    const int other = rk::submit<square>(n).get();  // suspended while the exception is being handled
    return caught == n && other == n * n ? 1 : 0;
  }
}
int dependent_child(const rk::Future<int>& a) {
  return rk::submit<square>(a).get() + rk::submit<square>(rk::put(2)).get();
}
std::vector<std::uint64_t> draw_down(int depth) {
  std::vector<std::uint64_t> drawn{rk::random()()};
  if (depth > 0) {
    for (const std::uint64_t x : rk::submit<draw_down>(depth - 1).get()) drawn.push_back(x);
  }
  drawn.push_back(rk::random()());
  return drawn;
}

TEST_CASE("Fibonacci of 20 by tasks that wait for tasks, on one worker") {
  // Thousands wait at once, each on a stack of its own: the thread sanitizer has not the memory for them.
  on_ranks({1, 2}, [] {
    if (kSanitized) {
      CHECK(rk::submit<fibonacci>(15).get() == 610);
    } else {
      CHECK(rk::submit<fibonacci>(20).get() == 6765);
    }
  });
}

TEST_CASE("tasks that wait for tasks do not deadlock on several ranks", "[threads]") {
  on_ranks({3, 4}, [] { CHECK(rk::submit<fibonacci>(14).get() == 377); });
}

TEST_CASE("ten thousand submits from one task") {
  on_ranks([] { CHECK(rk::submit<submit_many>(10'000).get() == 285'000); });
}

TEST_CASE("a task that waits for a task, five hundred deep") {
  on_ranks([] { CHECK(rk::submit<depth_below>(500).get() == 500); });
}

TEST_CASE("many tasks submit and wait at the same time") {
  on_ranks([] {
    std::vector<rk::Future<long>> all;
    for (int i = 0; i < 20; ++i) all.push_back(rk::submit<submit_many>(100));
    for (const auto& one : all) CHECK(one.get() == 2850);
  });
}

TEST_CASE("a map inside a task") {
  on_ranks([] { CHECK(rk::submit<map_and_sum>(3000).get() == 8995500500L); });
}

TEST_CASE("children outlive the task that made them") {
  on_ranks([] {
    const Refs all = rk::submit<children>(50).get();
    int total = 0;
    for (const auto& one : all) total += one.get();
    CHECK(total == 40425);
  });
}

TEST_CASE("a ref goes down many tasks while its value is still to come") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    rk::Future<int> tail;
    {
      const auto source = rk::submit<pass_gate>(gate.path(), 5);
      tail = rk::submit<hand_down>(Refs{source}, 6);
    }  // the chain alone holds the source now
    gate.open();
    CHECK(tail.get() == 5);
  });
}

TEST_CASE("a ref comes back out of a task as the same object") {
  on_ranks([] {
    const auto ref = rk::put(9);
    const auto back = rk::submit<hand_down_end>(Refs{ref}).get();
    CHECK(back.id() == ref.id());
    CHECK(back.get() == 9);
  });
}

TEST_CASE("a task passes refs it was given on as dependencies") {
  on_ranks([] { CHECK(rk::submit<dependent_child>(rk::submit<square>(2)).get() == 20); });
}

TEST_CASE("an exception of a child comes out of the parent with the child's words") {
  on_ranks([] {
    const std::string words = words_of<rk::TaskError>([] { rk::submit<parent_of_failure>(4).get(); });
    CHECK(has(words, "no 4"));
    CHECK(has(words, "out_of_range"));
  });
}

TEST_CASE("a parent may catch the exception of its child and go on") {
  on_ranks([] { CHECK(rk::submit<parent_that_catches>(4).get() == 4); });
}

TEST_CASE("tasks that wait inside an exception handler keep their own exception") {
  on_ranks([] {
    Refs all;
    for (int i = 0; i < 50; ++i) all.push_back(rk::submit<wait_in_handler>(i));
    for (const auto& one : all) CHECK(one.get() == 1);
  });
}

TEST_CASE("nested tasks draw the same random numbers on any ranks", "[threads]") {
  std::vector<std::uint64_t> first;
  for (const int ranks : {1, 2, 4}) {
    rk::run_as_threads(ranks, {.seed = 3, .arena_bytes = std::uint64_t{64} << 20}, [&first] {
      const auto drawn = rk::submit<draw_down>(6).get();
      CHECK(drawn.size() == 14);
      if (first.empty()) first = drawn;
      CHECK(drawn == first);
    });
  }
}

}  // namespace nested_semantics
