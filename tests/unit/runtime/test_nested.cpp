// SPDX-License-Identifier: Apache-2.0
// Tasks that submit tasks and wait for them; waiting, cancelling, order of completion; maps; random numbers.
#include <atomic>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "on_ranks.hpp"

namespace {

int fibonacci(int n) {
  if (n < 2) return n;
  auto a = rk::submit<fibonacci>(n - 1);
  auto b = rk::submit<fibonacci>(n - 2);
  return a.get() + b.get();
}
int square(int x) {
  return x * x;
}
int throw_odd(int x) {
  if (x % 2 == 1) throw std::invalid_argument("odd: " + std::to_string(x));
  return x;
}
std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}
long map_inside(int n) {
  std::vector<int> inputs(static_cast<std::size_t>(n));
  std::iota(inputs.begin(), inputs.end(), 0);
  const std::vector<int> squares = rk::map<square>(inputs).get();
  return std::accumulate(squares.begin(), squares.end(), 0L);
}
double draw(int) {
  return rk::random().uniform();
}
std::vector<std::uint64_t> draw_nested(int n) {
  std::vector<std::uint64_t> numbers{rk::random()()};
  if (n > 0) {
    for (const auto x : rk::submit<draw_nested>(n - 1).get()) numbers.push_back(x);
  }
  numbers.push_back(rk::random()());
  return numbers;
}

/// Survives the attempt that made it.
rk::Future<int> left_behind;
int leave_and_throw_once(int x) {
  const bool again = left_behind.valid();
  auto child = rk::submit<square>(x);
  if (!again) left_behind = child;
  if (!again) throw std::runtime_error("once");
  return child.get();
}

int drop_left_behind() {
  return std::exchange(left_behind, {}).get();
}

/// A gate that tasks wait at, in the memory of this process: ranks are threads here.
std::atomic<bool> gate_open{false};
std::atomic<bool> task_runs{false};
int pass_gate(int x) {
  task_runs = true;
  while (!gate_open && !rk::cancelled()) std::this_thread::yield();
  return x;
}
int catch_and_wait(int n) {
  try {
    throw n;
  } catch (int caught) {
    const int other = rk::submit<square>(n).get();  // suspended inside a handler
    try {
      throw;
    } catch (int again) {
      return again == caught && caught == n && other == n * n ? 1 : 0;
    }
  }
}

}  // namespace

TEST_CASE("tasks that wait for tasks do not deadlock") {
  on_ranks({1, 2, 3, 8}, [] { CHECK(rk::submit<fibonacci>(12).get() == 144); });
}

TEST_CASE("a fiber keeps the exception it is handling while others throw") {
  on_ranks({1, 2}, [] {
    std::vector<rk::Future<int>> all;
    for (int i = 0; i < 50; ++i) all.push_back(rk::submit<catch_and_wait>(i));
    for (auto& one : all) CHECK(one.get() == 1);
  });
}

TEST_CASE("a task that is tried again waits for a child whose handle outlived the first attempt") {
  for (const int ranks : {1, 2}) {  // the second attempt is on the rank of the first
    on_ranks({ranks}, [] {
      CHECK(rk::submit<leave_and_throw_once>({.max_retries = 1, .retry_exceptions = true}, 7).get() == 49);
      CHECK(rk::submit<drop_left_behind>().get() == 49);
    });
  }
}

TEST_CASE("map keeps the order of its inputs") {
  on_ranks({1, 2, 3}, [] {
    std::vector<int> inputs(20'000);
    std::iota(inputs.begin(), inputs.end(), 0);
    const auto squares = rk::map<square>(inputs);
    CHECK(squares.size() == inputs.size());
    CHECK(squares[77].get() == 77 * 77);
    const std::vector<int> values = squares.get();
    for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(values[i] == static_cast<int>(i * i));
    CHECK(rk::map<square>(std::vector<int>{}).get().empty());
    CHECK(rk::map<square>(std::vector<int>{5}).get() == std::vector<int>{25});
  });
}

TEST_CASE("map takes common arguments, also futures, and elements of any size") {
  on_ranks({1, 2}, [] {
    std::vector<std::string> texts;
    for (int i = 0; i < 3000; ++i)
      texts.push_back(std::string(static_cast<std::size_t>(i % 50), 'a' + i % 26));
    const auto results = rk::map<repeat>(texts, rk::submit<square>(2)).get();
    REQUIRE(results.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      REQUIRE(results[i] == texts[i] + texts[i] + texts[i] + texts[i]);
    }
  });
}

TEST_CASE("elements of a map fail one by one") {
  on_ranks({1, 2}, [] {
    std::vector<int> inputs(1000);
    std::iota(inputs.begin(), inputs.end(), 0);
    const auto range = rk::map<throw_odd>(inputs);
    range.wait();
    CHECK(range.ended() == 1000);
    int failed = 0;
    for (std::size_t i = 0; i < 1000; ++i) {
      try {
        const int value = range[i].get();
        CHECK(value == static_cast<int>(i));
      } catch (const rk::TaskError& error) {
        ++failed;
        CHECK(error.parts().text == "odd: " + std::to_string(i));
      }
    }
    CHECK(failed == 500);
    CHECK_THROWS_AS(range.get(), rk::TaskError);
  });
}

TEST_CASE("tasks map too") {
  on_ranks({1, 2, 3}, [] { CHECK(rk::submit<map_inside>(3000).get() == 8995500500L); });
}

TEST_CASE("wait returns what ended, as many as asked for, or when the time is over") {
  on_ranks({2, 3}, [] {
    gate_open = false;
    std::vector<rk::Future<int>> futures{rk::submit<pass_gate>(0), rk::put(1), rk::put(2)};
    CHECK(rk::wait(futures, 2) == std::vector<std::uint32_t>{1, 2});
    CHECK(rk::wait(futures, 3, std::chrono::milliseconds(5)) == std::vector<std::uint32_t>{1, 2});
    CHECK_FALSE(futures[0].ready());
    CHECK_FALSE(futures[0].wait(std::chrono::milliseconds(5)));
    gate_open = true;
    CHECK(rk::wait(futures, 3).size() == 3);
    CHECK(futures[0].ready());
    CHECK(futures[0].get() == 0);
  });
}

TEST_CASE("a task can wait with a timeout") {
  on_ranks({3}, [] {
    gate_open = false;
    auto slow = rk::submit<pass_gate>({.rank = 1}, 1);
    auto waits = rk::submit(
        {.rank = 2}, [](rk::Future<int> f) { return f.wait(std::chrono::milliseconds(5)); }, slow);
    CHECK_FALSE(waits.get());
    gate_open = true;
    CHECK(slow.get() == 1);
  });
}

TEST_CASE("as_completed hands out each once") {
  on_ranks({1, 3}, [] {
    std::vector<rk::Future<int>> futures;
    for (int i = 0; i < 500; ++i) futures.push_back(rk::submit<square>(i));
    std::set<std::uint32_t> seen;
    for (const auto& [index, future] : rk::as_completed(futures)) {
      CHECK(future.get() == static_cast<int>(index * index));
      seen.insert(index);
    }
    CHECK(seen.size() == 500);
  });
}

TEST_CASE("cancelled work never starts, running work is asked, ended work stays") {
  on_ranks({2}, [] {
    gate_open = false;
    auto done = rk::submit<square>(3);
    done.get();
    task_runs = false;
    auto running = rk::submit<pass_gate>(1);
    while (!task_runs) std::this_thread::yield();  // it is not pending any more
    auto pending = rk::submit<square>(rk::submit<pass_gate>(2));
    pending.cancel();
    CHECK_THROWS_AS(pending.get(), rk::TaskCancelled);
    done.cancel();
    CHECK(done.get() == 9);
    running.cancel();
    CHECK_THROWS_AS(running.get(), rk::TaskCancelled);
    gate_open = true;
  });
}

TEST_CASE("random numbers do not depend on the ranks") {
  std::vector<double> first;
  std::vector<std::uint64_t> first_nested;
  rk::RuntimeOptions options;
  options.seed = 11;
  on_ranks(
      {1, 2, 3, 8},
      [&] {
        std::vector<int> inputs(200);
        std::iota(inputs.begin(), inputs.end(), 0);
        const std::vector<double> numbers = rk::map<draw>(inputs).get();
        const auto nested = rk::submit<draw_nested>(5).get();
        if (first.empty()) {
          first = numbers;
          first_nested = nested;
          CHECK(std::set<double>(numbers.begin(), numbers.end()).size() == 200);
          CHECK(std::set<std::uint64_t>(nested.begin(), nested.end()).size() == 12);
        }
        CHECK(numbers == first);
        CHECK(nested == first_nested);
      },
      options);
  std::vector<double> other;
  options.seed = 12;
  on_ranks(
      {1}, [&] { other = rk::map<draw>(std::vector<int>(200)).get(); }, options);
  CHECK(other != first);
}

TEST_CASE("a key given by the user names the random numbers") {
  on_ranks({1, 2}, [] {
    const double a = rk::submit<draw>({.key = 5}, 0).get();
    rk::submit<draw>(0).get();
    CHECK(rk::submit<draw>({.key = 5}, 1).get() == a);
    CHECK(rk::submit<draw>({.key = 6}, 1).get() != a);
  });
}

TEST_CASE("everything is freed in the end") {
  on_ranks({1, 3}, [] {
    {
      std::vector<int> inputs(5000);
      auto range = rk::map<square>(inputs);
      range.get();
      auto nested = rk::submit<fibonacci>(8);
      nested.get();
      auto big = rk::put(std::vector<double>(100'000));
    }
    // What the other ranks drop is told to the head with their next messages.
    CHECK(eventually([] { return rk::statistics().live_objects == 0; }));
  });
}

TEST_CASE("a thousand waiting tasks on one rank") {
  on_ranks({1, 2}, [] {
    gate_open = true;
    std::vector<rk::Future<int>> all;
    auto last = rk::submit<square>(2);
    for (int i = 0; i < 1000; ++i) {
      all.push_back(rk::submit([](rk::Future<int> f, int k) { return f.get() + k; }, last, i));
    }
    for (int i = 0; i < 1000; ++i) CHECK(all[static_cast<std::size_t>(i)].get() == 4 + i);
  });
}
