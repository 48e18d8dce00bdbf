// SPDX-License-Identifier: Apache-2.0
// Immutable values under handles: put, get, large ones in shared memory, refs inside values.
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace objects_semantics {

using Refs = std::vector<rk::Future<int>>;

constexpr std::size_t kLarge = 500'000;  // 4 MB of doubles: far above what travels inline

int add(int a, int b) {
  return a + b;
}
std::vector<double> ramp(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}
rk::Array<double> shared_ramp(std::size_t n) {
  return rk::Array<double>(ramp(n));
}
double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}
double total_shared(const rk::Array<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}
double total_span(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}
double sum_of_ramp(std::size_t n) {
  return 0.5 * static_cast<double>(n) * (static_cast<double>(n) - 1);
}
/// Where an element lies in this rank's memory, and again after another look.
std::pair<std::uintptr_t, std::uintptr_t> look_twice(const rk::Future<rk::Array<double>>& values) {
  return {reinterpret_cast<std::uintptr_t>(values.get().data()),
          reinterpret_cast<std::uintptr_t>(values.get().data())};
}
int sum_refs(const Refs& refs) {
  int sum = 0;
  for (const auto& ref : refs) sum += ref.get();
  return sum;
}
int sum_tree(const std::map<std::string, std::vector<Refs>>& tree) {
  int sum = 0;
  for (const auto& [name, lists] : tree) {
    for (const Refs& refs : lists) sum += sum_refs(refs);
  }
  return sum;
}
Refs make_refs(int n) {
  Refs refs;
  for (int i = 0; i < n; ++i) refs.push_back(i % 2 == 0 ? rk::put(i) : rk::submit<add>(i, 0));
  return refs;
}
rk::Future<rk::Future<int>> wrap_twice(int x) {
  return rk::put(rk::put(x));
}
int unwrap(const rk::Future<int>& ref) {
  return ref.get();
}

TEST_CASE("get returns what was put, as often as asked") {
  on_ranks([] {
    const auto text = rk::put(std::string("value"));
    for (int i = 0; i < 3; ++i) CHECK(text.get() == "value");
    CHECK(rk::put(3.5).get() == 3.5);
    CHECK(text.ready());
  });
}

TEST_CASE("get of a list returns the values in the order of the list") {
  on_ranks([] {
    Refs refs;
    for (int i = 0; i < 100; ++i) refs.push_back(i % 3 == 0 ? rk::put(i) : rk::submit<add>(i, 0));
    const std::vector<int> values = rk::get(refs);
    std::vector<int> expected(100);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(values == expected);
    CHECK(rk::get(Refs()).empty());
  });
}

TEST_CASE("waiting for one future with a timeout says false and the value comes later") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto slow = rk::submit<pass_gate>(gate.path(), 8);
    CHECK_FALSE(slow.wait(milliseconds(5)));
    CHECK_FALSE(slow.ready());
    gate.open();
    CHECK(slow.wait());
    CHECK(slow.get() == 8);
  });
}

TEST_CASE("changing what get returned changes no object") {
  on_ranks([] {
    const auto stored = rk::put(std::vector<int>{1, 2});
    std::vector<int> mine = stored.get();
    mine.push_back(3);
    CHECK(stored.get() == std::vector<int>{1, 2});
  });
}

TEST_CASE("equal values put twice are two objects, a copied handle is the same one") {
  on_ranks([] {
    const auto one = rk::put(1);
    const auto other = rk::put(1);
    const auto copy = one;
    CHECK(one.id() != other.id());
    CHECK(one.id() == copy.id());
  });
}

TEST_CASE("large arguments and results keep every byte") {
  on_ranks([] {
    const auto values = rk::submit<ramp>(kLarge);
    CHECK(rk::submit<total>(values).get() == sum_of_ramp(kLarge));
    CHECK(rk::submit<total>(values.get()).get() == sum_of_ramp(kLarge));
    CHECK(rk::submit<total_span>(ramp(kLarge)).get() == sum_of_ramp(kLarge));
  });
}

TEST_CASE("values of every size around the inline limit survive the way") {
  on_ranks([] {
    for (std::size_t n = 1; n <= 300'000; n = n * 3 + 1) {
      const std::string text(n, static_cast<char>('a' + n % 26));
      const auto back = rk::submit([](const std::string& t) { return t; }, text).get();
      CHECK(back == text);
    }
  });
}

TEST_CASE("one large object serves many tasks") {
  on_ranks([] {
    const auto values = rk::put(shared_ramp(kLarge));
    std::vector<rk::Future<double>> all;
    for (int i = 0; i < 50; ++i) all.push_back(rk::submit<total_shared>(values));
    for (const auto& one : all) CHECK(one.get() == sum_of_ramp(kLarge));
  });
}

TEST_CASE("a large array is read in place, not copied") {
  on_ranks([] {
    const auto values = rk::submit<shared_ramp>(kLarge);
    const rk::Array<double> once = values.get();
    const rk::Array<double> again = values.get();
    CHECK(once.data() == again.data());
    const auto [first, second] = rk::submit<look_twice>(values).get();
    CHECK(first == second);
    const auto stored = rk::put(once);
    CHECK(stored.get().data() == stored.get().data());
    CHECK(stored.get().data() != once.data());
  });
}

TEST_CASE("an array that was got outlives its handle") {
  on_ranks([] {
    const rk::Array<double> kept = rk::submit<shared_ramp>(kLarge).get();
    for (int i = 0; i < 30; ++i) rk::submit<shared_ramp>(kLarge + static_cast<std::size_t>(i)).get();
    CHECK(total_shared(kept) == sum_of_ramp(kLarge));
  });
}

TEST_CASE("a parameter that is a future gets the handle, not the value") {
  on_ranks([] {
    CHECK(rk::submit<unwrap>(rk::put(4)).get() == 4);
    CHECK(rk::submit<unwrap>(rk::submit<add>(4, 1)).get() == 5);
  });
}

TEST_CASE("refs travel inside containers inside arguments") {
  on_ranks([] {
    const auto a = rk::submit<add>(1, 2);
    CHECK(rk::submit<sum_refs>(Refs{a, rk::put(8), a}).get() == 14);
    const std::map<std::string, std::vector<Refs>> tree{{"x", {{a}, {}}}, {"y", {{a, rk::put(1)}, {a}}}};
    CHECK(rk::submit<sum_tree>(tree).get() == 10);
  });
}

TEST_CASE("refs travel inside results and inside stored objects") {
  on_ranks([] {
    const Refs made = rk::submit<make_refs>(10).get();
    CHECK(std::accumulate(made.begin(), made.end(), 0, [](int s, const auto& r) { return s + r.get(); }) ==
          45);
    const auto stored = rk::put(made);
    CHECK(rk::submit<sum_refs>(stored).get() == 45);
    CHECK(stored.get()[9].get() == 9);
  });
}

TEST_CASE("a ref to a ref to a value") {
  on_ranks([] {
    CHECK(rk::put(rk::put(rk::put(6))).get().get().get() == 6);
    CHECK(rk::submit<wrap_twice>(7).get().get().get() == 7);
  });
}

TEST_CASE("a ref given away before its value exists") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto slow = rk::submit<pass_gate>(gate.path(), 5);
    const auto inside = rk::put(Refs{slow});
    const auto waits = rk::submit<sum_refs>(Refs{slow, slow});
    gate.open();
    CHECK(inside.get()[0].get() == 5);
    CHECK(waits.get() == 10);
  });
}

TEST_CASE("an object larger than the arena is refused with the sizes", "[threads]") {
  on_ranks({1, 2},
           [] {
             const std::string words =
                 words_of<rk::StoreFull>([] { rk::put(std::vector<double>(8u << 20)); });
             CHECK(has(words, "671088"));  // 64 MiB and a few bytes were asked for
             CHECK_THROWS_AS(rk::submit<ramp>(std::size_t{8} << 20).get(), rk::TaskError);
             CHECK(rk::submit<add>(1, 1).get() == 2);
           },
           {.arena_bytes = std::uint64_t{32} << 20});
}

}  // namespace objects_semantics
