// SPDX-License-Identifier: Apache-2.0
// The promises of the public API in one real job: submit, map, put, get, wait, as_completed, cancel, tasks
// that submit tasks, exceptions, large objects without a copy, keyed random numbers. Every check that fails
// says so on standard error and makes the exit code 1. The last line is a digest of random numbers, which
// must not depend on the rank count. Never times anything.
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

#include "checks.hpp"

namespace rk = rankine;

namespace {

constexpr std::size_t kLargeBytes = std::size_t{256} << 20;
constexpr std::size_t kLarge = kLargeBytes / sizeof(std::uint64_t);

Checks check("semantics");

int add(int a, int b) {
  return a + b;
}
long square(int x) {
  return static_cast<long>(x) * x;
}
std::string join(const std::string& a, const std::string& b) {
  return a + b;
}
int fibonacci(int n) {
  if (n < 2) return n;
  auto a = rk::submit<fibonacci>(n - 1);
  auto b = rk::submit<fibonacci>(n - 2);
  return a.get() + b.get();
}
long sum_of_map(int n) {
  std::vector<int> inputs(static_cast<std::size_t>(n));
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto squares = rk::map<square>(inputs).get();
  return std::accumulate(squares.begin(), squares.end(), 0L);
}
int refuse(int x) {
  throw std::out_of_range("no element " + std::to_string(x));
}
int refuse_odd(int x) {
  return x % 2 == 0 ? x : refuse(x);
}
rk::Array<std::uint64_t> large(std::uint64_t seed) {
  return rk::Array<std::uint64_t>(kLarge, [seed](std::size_t i) { return seed + i; });
}
/// The address of the elements on the rank that runs this, and their sum.
std::array<std::uint64_t, 2> look(const rk::Array<std::uint64_t>& values) {
  const std::uint64_t sum = std::accumulate(values.begin(), values.end(), std::uint64_t{0});
  return {reinterpret_cast<std::uintptr_t>(values.data()), sum};
}
std::uint64_t draw(int) {
  return rk::random()();
}
std::uint64_t draw_below(int depth) {
  const std::uint64_t mine = rk::random()();
  return depth == 0 ? mine : mine * 31 + rk::submit<draw_below>(depth - 1).get() * 17 + rk::random()();
}
std::vector<rk::Future<long>> refs(int n) {
  std::vector<rk::Future<long>> made;
  for (int i = 0; i < n; ++i) made.push_back(rk::submit<square>(i));
  return made;
}

void submit_and_dependencies() {
  check(rk::submit<add>(2, 3).get() == 5, "submit returns the function's value");
  check(rk::submit<join>(std::string("ran"), std::string("kine")).get() == "rankine", "strings travel");
  auto chain = rk::submit<add>(0, 0);
  for (int i = 0; i < 300; ++i) chain = rk::submit<add>(chain, 1);
  check(chain.get() == 300, "a chain of 300 futures as arguments");
  check(rk::submit([](int x) { return x - 1; }, 8).get() == 7, "a captureless lambda is a task");
  const auto stored = rk::put(41);
  check(stored.ready() && stored.get() == 41, "put is there at once");
  check(rk::submit<add>(stored, stored).get() == 82, "one stored value for two parameters");
}

void maps() {
  std::vector<int> inputs(10'000);
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto range = rk::map<square>(inputs);
  const auto values = range.get();
  bool ordered = values.size() == inputs.size();
  for (std::size_t i = 0; ordered && i < values.size(); ++i) ordered = values[i] == square(inputs[i]);
  check(ordered, "map keeps the order of 10,000 inputs");
  check(range.ended() == inputs.size(), "all of a map ended");
  check(rk::map<square>(std::vector<int>{}).get().empty(), "an empty map");
  const auto partly = rk::map<refuse_odd>(std::span(inputs).first(100));
  partly.wait();
  int failed = 0;
  for (std::size_t i = 0; i < 100; ++i)
    failed += check.throws<rk::TaskError>([&] {
      if (partly[i].get() == static_cast<int>(i)) throw rk::TaskError({});
    }) && i % 2 == 1;
  check(failed == 50, "elements of a map fail one by one");
}

void waiting() {
  std::vector<rk::Future<long>> futures;
  for (int i = 0; i < 400; ++i) futures.push_back(rk::submit<square>(i));
  check(rk::wait(futures, 100).size() >= 100, "wait for 100 of 400");
  std::set<std::uint32_t> seen;
  bool right = true;
  for (const auto& [index, future] : rk::as_completed(futures)) {
    right = right && future.get() == square(static_cast<int>(index));
    seen.insert(index);
  }
  check(right && seen.size() == 400, "as_completed hands out each of 400 once");
  check(rk::wait(futures, 400, std::chrono::seconds(0)).size() == 400, "wait without time lists what ended");
}

void nested() {
  check(rk::submit<fibonacci>(12).get() == 144, "tasks that wait for tasks");
  check(rk::submit<sum_of_map>(2000).get() == 2664667000L, "a map inside a task");
  const auto made = rk::submit<refs>(20).get();
  long total = 0;
  for (const auto& one : made) total += one.get();
  check(total == 2470, "refs as a result");
}

void exceptions(int ranks) {
  try {
    rk::submit<refuse>(7).get();
    check(false, "get rethrows");
  } catch (const rk::TaskError& error) {
    const auto& parts = error.parts();
    check(parts.type == "std::out_of_range", "type of the exception: " + parts.type);
    check(parts.text == "no element 7", "text of the exception: " + parts.text);
    check(parts.rank >= 0 && parts.rank < ranks && (ranks == 1 || parts.rank > 0), "rank of the exception");
    check(!parts.host.empty() && parts.attempt == 1, "host and attempt of the exception");
  }
  const auto follows = rk::submit<add>(rk::submit<refuse>(1), 1);
  check(check.throws<rk::TaskError>([&] { follows.get(); }), "a failed argument fails what needs it");
}

void large_objects() {
  const std::uint64_t n = kLarge;
  const auto ref = rk::submit<large>(std::uint64_t{5});
  const rk::Array<std::uint64_t> once = ref.get();
  const rk::Array<std::uint64_t> twice = ref.get();
  check(once.size() == n && once.data() == twice.data(), "two gets of 256 MiB give the same memory");
  check(once[n - 1] == 5 + n - 1, "the elements of 256 MiB");
  const auto first = rk::submit<look>(ref).get();
  check(first[1] == 5 * n + n * (n - 1) / 2, "a task sums 256 MiB");
  const auto stored = rk::put(once);
  const auto a = stored.get();
  const auto b = stored.get();
  check(a.data() == b.data() && a.data() != once.data(), "put copies once, get never");
}

/// Order-dependent on purpose: the draws are listed by index.
std::uint64_t draws() {
  std::uint64_t digest = rk::random()();
  const auto numbers = rk::map<draw>(std::vector<int>(500)).get();
  for (const std::uint64_t x : numbers) digest = digest * 6364136223846793005u + x;
  check(std::set<std::uint64_t>(numbers.begin(), numbers.end()).size() == 500, "500 draws differ");
  for (int depth = 0; depth < 6; ++depth) {
    digest = digest * 6364136223846793005u + rk::submit<draw_below>(depth).get();
  }
  check(rk::submit<draw>({.key = 9}, 0).get() == rk::submit<draw>({.key = 9}, 1).get(),
        "a key names its numbers");
  return digest * 6364136223846793005u + rk::random()();
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv, {.seed = 20});
  return runtime.run([&runtime] {
    const int ranks = runtime.size();
    submit_and_dependencies();
    maps();
    waiting();
    nested();
    exceptions(ranks);
    const std::uint64_t digest = draws();
    large_objects();
    std::printf("digest %016llx\n", static_cast<unsigned long long>(digest));
    std::fflush(stdout);
    return check.exit_code();
  });
}
