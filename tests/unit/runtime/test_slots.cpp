// SPDX-License-Identifier: Apache-2.0
// A rank runs as many tasks at once as it was granted CPUs, each with the resources it asked for.
#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "on_ranks.hpp"

namespace slots {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(60);

// Ranks are threads of the test: tasks meet in its memory.
std::atomic<int> arrived{0};
std::atomic<int> inside{0};
std::atomic<int> most_inside{0};
std::atomic<bool> flag{false};

/// Waits without suspending; false if nobody came.
template <class Condition>
bool spin_until(Condition condition) {
  const auto end = Clock::now() + kPatience;
  while (!condition()) {
    if (Clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

bool meet(int how_many) {
  ++arrived;
  return spin_until([how_many] { return arrived >= how_many; });
}

/// Is inside for a moment with others of its kind; returns how many there were.
int crowd(int microseconds) {
  const int here = ++inside;
  int most = most_inside;
  while (here > most && !most_inside.compare_exchange_weak(most, here)) {
  }
  const auto end = Clock::now() + std::chrono::microseconds(microseconds);
  while (Clock::now() < end) std::this_thread::yield();
  --inside;
  return here;
}

bool raise_flag() {
  flag = true;
  return true;
}

int fibonacci(int n) {
  if (n < 2) return n;
  const auto one = rk::submit<fibonacci>(n - 1);
  const auto two = rk::submit<fibonacci>(n - 2);
  return one.get() + two.get();
}

int leaf(int x) {
  const auto end = Clock::now() + std::chrono::microseconds(200);
  while (Clock::now() < end) {
  }
  return x;
}
/// Long enough that several threads take part.
int parent_of_leaves(int x) {
  std::vector<rk::Future<int>> leaves;
  for (int i = 0; i < 4; ++i) leaves.push_back(rk::submit<leaf>(x + i));
  int sum = 0;
  for (const auto& one : leaves) sum += one.get();
  return sum;
}

std::vector<double> what_is_held() {
  const rk::Granted granted = rk::resources();
  const double licences = granted.custom.empty() ? 0 : granted.custom.front().second;
  return {granted.cpus, granted.gpus, static_cast<double>(granted.memory_bytes), licences};
}

std::vector<std::int32_t> devices(int microseconds) {
  crowd(microseconds);
  return rk::gpu_ids();
}

void reset() {
  arrived = inside = most_inside = 0;
  flag = false;
}

template <class T>
void wait_for(const std::vector<rk::Future<T>>& futures) {
  for (const auto& future : futures) future.get();
}

}  // namespace slots

using namespace slots;

TEST_CASE("a rank with four CPUs runs four tasks at once") {
  on_ranks({1, 2},
           [] {
             for (int round = 0; round < 3; ++round) {
               reset();
               std::vector<rk::Future<bool>> four;
               for (int i = 0; i < 4; ++i) four.push_back(rk::submit<meet>(4));
               for (const auto& one : four) CHECK(one.get());
             }
           },
           {.cpus = 4});
}

TEST_CASE("a rank with one CPU runs one task at once") {
  on_ranks({1, 2}, [] {
    reset();
    std::vector<rk::Future<int>> many;
    for (int i = 0; i < 20; ++i) many.push_back(rk::submit<crowd>(500));
    for (const auto& one : many) CHECK(one.get() == 1);
  });
}

TEST_CASE("no more tasks run at once than their resources allow") {
  const auto most_of = [](const rk::Options& options, int count) {
    reset();
    std::vector<rk::Future<int>> many;
    for (int i = 0; i < count; ++i) many.push_back(rk::submit<crowd>(options, 2000));
    wait_for(many);
    return most_inside.load();
  };
  on_ranks({1, 2},
           [&most_of] {
             CHECK(most_of({}, 24) <= 4);
             CHECK(most_of({.cpus = 2}, 12) <= 2);
             CHECK(most_of({.cpus = 4}, 6) == 1);
             CHECK(most_of({.cpus = 3}, 6) == 1);
             CHECK(most_of({.cpus = 0.5, .custom = {{"licence", 1}}}, 6) == 1);
             CHECK(most_of({.memory_bytes = std::uint64_t{600} << 20}, 6) == 1);
             CHECK(most_of({.cpus = 0}, 24) <= 4);
           },
           {.cpus = 4, .resources = {{"licence", 1}}});
}

TEST_CASE("large and small requests of one queue all run") {
  on_ranks({1, 2, 3},
           [] {
             reset();
             std::vector<rk::Future<int>> mixed;
             for (int i = 0; i < 120; ++i) {
               mixed.push_back(rk::submit<crowd>({.cpus = static_cast<double>(i % 5)}, 100 * (i % 7)));
             }
             wait_for(mixed);
           },
           {.cpus = 4});
}

TEST_CASE("a task sees what it holds") {
  on_ranks(
      {1, 2},
      [] {
        CHECK(rk::resources().cpus == 0);  // the driver
        CHECK(rk::submit<what_is_held>().get() == std::vector<double>{1, 0, 0, 0});
        const rk::Options options{
            .cpus = 2, .gpus = 0.5, .memory_bytes = std::uint64_t{512} << 20, .custom = {{"licence", 3}}};
        CHECK(rk::submit<what_is_held>(options).get() ==
              std::vector<double>{2, 0.5, static_cast<double>(std::uint64_t{512} << 20), 3});
        CHECK(rk::submit<what_is_held>().get() == std::vector<double>{1, 0, 0, 0});
      },
      {.cpus = 2, .gpus = 1, .resources = {{"licence", 4}}});
}

TEST_CASE("GPU devices: shares lie on one device, whole ones are whole") {
  on_ranks({1, 2},
           [] {
             reset();
             using Ids = std::vector<std::int32_t>;
             CHECK(rk::submit<devices>({.gpus = 2}, 0).get() == Ids{0, 1});
             CHECK(rk::submit<devices>({.gpus = 0}, 0).get().empty());
             std::vector<rk::Future<Ids>> halves;
             for (int i = 0; i < 16; ++i) halves.push_back(rk::submit<devices>({.gpus = 0.5}, 3000));
             for (const auto& half : halves) {
               const Ids ids = half.get();
               REQUIRE(ids.size() == 1);
               CHECK((ids[0] == 0 || ids[0] == 1));
             }
             CHECK(most_inside <= 4);
             most_inside = 0;
             std::vector<rk::Future<Ids>> wide;
             for (int i = 0; i < 8; ++i) wide.push_back(rk::submit<devices>({.gpus = 0.7}, 2000));
             wait_for(wide);
             CHECK(most_inside <= 2);  // 1.4 of two devices are left, but 0.7 of neither
           },
           {.cpus = 8, .gpus = 2});
}

TEST_CASE("tasks that wait leave their CPU to others, on every thread") {
  on_ranks({1, 2, 3},
           [] {
             CHECK(rk::submit<fibonacci>(12).get() == 144);
             std::vector<rk::Future<int>> parents;
             for (int i = 0; i < 40; ++i) parents.push_back(rk::submit<parent_of_leaves>(i));
             for (int i = 0; i < 40; ++i) CHECK(parents[static_cast<std::size_t>(i)].get() == 4 * i + 6);
           },
           {.cpus = 3});
}

TEST_CASE("one rank alone with two CPUs runs a task while the driver computes") {
  rk::run_as_threads(1, {.arena_bytes = std::uint64_t{64} << 20, .cpus = 2}, [] {
    for (int round = 0; round < 5; ++round) {
      reset();
      const auto raised = rk::submit<raise_flag>();
      CHECK(spin_until([] { return flag.load(); }));
      CHECK(raised.get());
    }
  });
}

TEST_CASE("errors of tasks name what the options call them") {
  on_ranks({2}, [] {
    const auto failed = rk::submit([](int x) -> int { throw std::runtime_error(std::to_string(x)); }, 1);
    const auto named = rk::submit(
        {.name = "third"}, [](int x) -> int { throw std::runtime_error(std::to_string(x)); }, 1);
    CHECK_THROWS_WITH(named.get(), ContainsSubstring("in task third"));
    CHECK_THROWS_AS(failed.get(), rk::TaskError);
  });
}

// ---- OpenMP, as a program that is linked with it has it ----

namespace slots {
thread_local int openmp_threads = 7;
int openmp_width() {
  return openmp_threads;
}
/// What it has before and after it waited while others ran on its thread.
int openmp_width_after_wait() {
  const int before = openmp_threads;
  rk::submit<openmp_width>().get();
  return 100 * before + openmp_threads;
}
}  // namespace slots

extern "C" {
int omp_in_parallel() {
  return 0;
}
int omp_get_max_threads() {
  return openmp_threads;
}
void omp_set_num_threads(int threads) {
  openmp_threads = threads;
}
}

TEST_CASE("OpenMP regions have as many threads as the task has CPUs") {
  on_ranks({1, 2},
           [] {
             CHECK(rk::submit<openmp_width>().get() == 1);
             CHECK(rk::submit<openmp_width>({.cpus = 3}).get() == 3);
             CHECK(rk::submit<openmp_width>({.cpus = 0}).get() == 1);
             CHECK(rk::submit<openmp_width_after_wait>({.cpus = 2}).get() == 202);
             CHECK(openmp_threads == 7);  // the driver's own
           },
           {.cpus = 3});
}
