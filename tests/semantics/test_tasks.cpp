// SPDX-License-Identifier: Apache-2.0
// What a call of a function on another rank is: arguments, results, options.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <rankine/serialize/boost.hpp>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace tasks_semantics {

int add(int a, int b) {
  return a + b;
}
int three() {
  return 3;
}
int sum_of_three(int a, int b, int c) {
  return a + b + c;
}
long sum(const std::vector<int>& values) {
  return std::accumulate(values.begin(), values.end(), 0L);
}
std::string shout(const std::string& text) {
  return text + "!";
}
int twice(int x) {
  return 2 * x;
}
double twice(double x) {
  return 2 * x;
}
int refuse(int x) {
  throw std::invalid_argument("refused " + std::to_string(x));
}

enum class Colour : std::uint8_t { red, green };
struct Point {
  double x;
  double y;
  bool operator==(const Point&) const = default;
};
struct Person {
  std::string name;
  std::vector<std::string> children;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& children;
  }
  bool operator==(const Person&) const = default;
};

/// A round trip through a task.
template <class T>
T echo(T value) {
  return value;
}
template <class T>
void check_echo(const T& value) {
  CHECK(rk::submit<&echo<T>>(value).get() == value);
  CHECK(rk::submit<&echo<T>>(rk::put(value)).get() == value);
}

std::tuple<int, std::string, std::vector<double>> three_results(int n) {
  return {n, std::to_string(n), std::vector<double>(static_cast<std::size_t>(n), 0.5)};
}
std::vector<rk::Future<int>> results_of_their_own(int n) {
  std::vector<rk::Future<int>> made;
  for (int i = 0; i < n; ++i) made.push_back(rk::put(i * i));
  return made;
}
std::string pad(const std::string& text, int width, char with) {
  return text + std::string(static_cast<std::size_t>(width) - text.size(), with);
}

/// Says that it is there, then waits until all doors were opened: returns only if all run at once.
bool meet(const std::vector<std::string>& doors, int mine) {
  unlink(doors[static_cast<std::size_t>(mine)].c_str());
  for (const std::string& door : doors) pass_gate(door, 0);
  return !rk::cancelled();
}

TEST_CASE("a task returns what its function returns") {
  on_ranks([] {
    CHECK(rk::submit<add>(2, 3).get() == 5);
    CHECK(rk::submit<three>().get() == 3);
    CHECK(rk::submit<shout>("eureka").get() == "eureka!");
  });
}

TEST_CASE("a task without a result can be waited for") {
  on_ranks([] {
    const auto future = rk::submit([] {});
    CHECK_NOTHROW(future.get());
    CHECK(future.ready());
  });
}

TEST_CASE("values of every kind arrive as they were sent") {
  on_ranks([] {
    check_echo(true);
    check_echo(std::int64_t{-1});
    check_echo(0.1);
    check_echo('x');
    check_echo(Colour::green);
    check_echo(Point{1, -2});
    check_echo(std::array<int, 3>{1, 2, 3});
    check_echo(std::string("a\0b", 3));
    check_echo(std::optional<int>());
    check_echo(std::variant<int, std::string>("v"));
    check_echo(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
    check_echo(std::set<int>{3, 1});
    check_echo(std::vector<std::vector<std::string>>{{"x"}, {}, {"y", "z"}});
    check_echo(std::tuple<int, std::pair<double, std::string>>{1, {2.5, "three"}});
    check_echo(Person{"Ada", {"Byron", "Annabella"}});
  });
}

TEST_CASE("empty values arrive empty") {
  on_ranks([] {
    check_echo(std::string());
    check_echo(std::vector<double>());
    check_echo(std::map<int, int>());
    CHECK(rk::submit<echo<rk::Array<int>>>(rk::Array<int>()).get().empty());
  });
}

TEST_CASE("a result is the argument of the next task without passing through the driver") {
  on_ranks([] {
    const auto a = rk::submit<add>(1, 2);
    const auto b = rk::submit<add>(a, 10);
    CHECK(rk::submit<add>(b, a).get() == 16);
    CHECK(rk::submit<sum>(rk::put(std::vector<int>{1, 2, 3})).get() == 6);
  });
}

TEST_CASE("one future may be several arguments of one task") {
  on_ranks([] {
    const auto a = rk::submit<add>(3, 4);
    CHECK(rk::submit<sum_of_three>(a, a, a).get() == 21);
    CHECK(rk::submit<sum_of_three>(a, 1, a).get() == 15);
  });
}

TEST_CASE("a chain of a thousand dependent tasks") {
  on_ranks([] {
    auto last = rk::submit<add>(0, 0);
    for (int i = 0; i < 1000; ++i) last = rk::submit<add>(last, 1);
    CHECK(last.get() == 1000);
  });
}

TEST_CASE("a tree of tasks reduces a thousand results") {
  on_ranks([] {
    std::vector<rk::Future<int>> level;
    for (int i = 0; i < 1000; ++i) level.push_back(rk::submit<add>(i, 0));
    while (level.size() > 1) {
      std::vector<rk::Future<int>> next;
      for (std::size_t i = 0; i + 1 < level.size(); i += 2)
        next.push_back(rk::submit<add>(level[i], level[i + 1]));
      if (level.size() % 2 == 1) next.push_back(level.back());
      level = std::move(next);
    }
    CHECK(level.front().get() == 999 * 500);
  });
}

TEST_CASE("ten thousand tasks may be under way at once") {
  on_ranks([] {
    std::vector<rk::Future<int>> all;
    for (int i = 0; i < 10'000; ++i) all.push_back(rk::submit<add>(i, 1));
    long total = 0;
    for (const auto& one : all) total += one.get();
    CHECK(total == 50'005'000);
  });
}

TEST_CASE("an argument is the value at the time of the call") {
  on_ranks([] {
    std::vector<int> values{1, 2, 3};
    const auto stored = rk::put(values);
    const auto total = rk::submit<sum>(values);
    values.assign(100, 7);
    CHECK(total.get() == 6);
    CHECK(rk::submit<sum>(stored).get() == 6);
  });
}

TEST_CASE("a task may change its own copy of an argument and nobody else's") {
  on_ranks([] {
    const auto stored = rk::put(std::vector<int>{3, 1, 2});
    const auto sorted = rk::submit(
        [](std::vector<int> values) {
          std::sort(values.begin(), values.end());
          return values;
        },
        stored);
    CHECK(sorted.get() == std::vector<int>{1, 2, 3});
    CHECK(stored.get() == std::vector<int>{3, 1, 2});
  });
}

TEST_CASE("several results come as a tuple or as objects of their own") {
  on_ranks([] {
    const auto [n, text, values] = rk::submit<three_results>(4).get();
    CHECK(n == 4);
    CHECK(text == "4");
    CHECK(values == std::vector<double>(4, 0.5));
    const auto each = rk::submit<results_of_their_own>(5).get();
    REQUIRE(each.size() == 5);
    CHECK(rk::submit<add>(each[4], each[3]).get() == 25);
  });
}

TEST_CASE("arguments convert to the parameters as in a call, none are left out") {
  on_ranks([] {
    CHECK(rk::submit<add>(short{2}, 3L).get() == 5);
    CHECK(rk::submit<pad>("ab", 4, '.').get() == "ab..");
  });
}

TEST_CASE("overloads are chosen by signature and lambdas are functions") {
  on_ranks([] {
    CHECK(rk::submit<rk::as<double(double)>(twice)>(1.25).get() == 2.5);
    CHECK(rk::submit<rk::as<int(int)>(twice)>(2).get() == 4);
    CHECK(rk::submit([](int x) { return x - 1; }, 2).get() == 1);
  });
}

TEST_CASE("options belong to one call") {
  on_ranks([] {
    const auto named = rk::submit<refuse>({.retry_exceptions = false, .name = "the odd one"}, 1);
    const auto plain = rk::submit<refuse>(2);
    CHECK(has(words_of<rk::TaskError>([&] { named.get(); }), "refused 1"));
    CHECK(has(words_of<rk::TaskError>([&] { plain.get(); }), "refused 2"));
    CHECK(rk::submit<add>({.priority = 3}, 1, 2).get() == 3);
  });
}

TEST_CASE("map calls the function for each element and keeps their order") {
  on_ranks([] {
    std::vector<int> inputs(20'000);
    std::iota(inputs.begin(), inputs.end(), 0);
    const auto results = rk::map<rk::as<int(int)>(twice)>(inputs);
    REQUIRE(results.size() == inputs.size());
    const std::vector<int> values = results.get();
    bool all = true;
    for (std::size_t i = 0; i < values.size(); ++i) all = all && values[i] == 2 * static_cast<int>(i);
    CHECK(all);
    CHECK(rk::submit<add>(results[7], results[8]).get() == 30);
    CHECK(rk::map<rk::as<int(int)>(twice)>(std::vector<int>()).get().empty());
  });
}

TEST_CASE("map gives the same further arguments to every call") {
  on_ranks([] {
    const std::vector<std::string> texts{"a", "", "ccc"};
    const auto padded = rk::map<pad>(texts, rk::submit<three>(), '_').get();
    CHECK(padded == std::vector<std::string>{"a__", "___", "ccc"});
  });
}

TEST_CASE("independent tasks run at the same time on different ranks", "[threads]") {
  on_ranks({4}, [] {
    const Gate doors[3];
    const std::vector<std::string> paths{doors[0].path(), doors[1].path(), doors[2].path()};
    std::vector<rk::Future<bool>> all;
    for (int i = 0; i < 3; ++i) all.push_back(rk::submit<meet>(paths, i));
    for (const auto& one : all) CHECK(one.get());
  });
}

TEST_CASE("the same seed gives the same random numbers on any ranks", "[threads]") {
  std::vector<std::uint64_t> first;
  for (const int ranks : {1, 2, 4}) {
    rk::run_as_threads(ranks, {.seed = 5, .arena_bytes = std::uint64_t{64} << 20}, [&first] {
      const auto drawn = rk::map([](int) { return rk::random()(); }, std::vector<int>(100)).get();
      CHECK(std::set<std::uint64_t>(drawn.begin(), drawn.end()).size() == 100);
      if (first.empty()) first = drawn;
      CHECK(drawn == first);
    });
  }
}

}  // namespace tasks_semantics
