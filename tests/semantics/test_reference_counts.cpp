// SPDX-License-Identifier: Apache-2.0
// An object lives while anybody on any rank, pending or inside another object holds it, and no longer.
#include <string>
#include <utility>
#include <vector>

#include "gate.hpp"
#include "on_ranks.hpp"
#include "sanitized.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace reference_semantics {

using Refs = std::vector<rk::Future<int>>;
using Large = std::vector<double>;

int pass(int x) {
  return x;
}
int refuse(int) {
  throw std::runtime_error("refused");
}
double first_of(const Large& values) {
  return values.at(0);
}
double first_after(const Large& values, int) {
  return values.at(0);
}
double first_inside(const std::vector<rk::Future<Large>>& refs, int) {
  return refs.at(0).get().at(0);
}
double last_of_chain(const std::vector<rk::Future<Large>>& refs, const std::string& gate, int depth) {
  if (depth == 0) {
    pass_gate(gate, 0);
    return refs.at(0).get().at(0);
  }
  return rk::submit<last_of_chain>(refs, gate, depth - 1).get();
}
rk::Future<Large> make_and_hand_out(double x) {
  return rk::put(Large(50'000, x));
}
void leave_children_behind(int n) {
  for (int i = 0; i < n; ++i) rk::submit<pass>(i);
}
Large large(double x) {
  return Large(50'000, x);
}

/// Whether nothing but `count` objects is left; other ranks tell the head late what they dropped.
bool comes_down_to(std::size_t count) {
  return eventually([count] { return rk::statistics().live_objects == count; });
}

TEST_CASE("an object lives as long as one of the copies of its handle") {
  on_ranks([] {
    {
      auto one = rk::put(Large(50'000, 2.0));
      const auto copy = one;
      one = {};
      CHECK(copy.get().at(0) == 2.0);
      CHECK(rk::statistics().live_objects == 1);
    }
    CHECK(comes_down_to(0));
  });
}

TEST_CASE("an argument lives while its task is pending, though the caller let go of it") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto later = rk::submit<pass_gate>(gate.path(), 0);
    const auto result = rk::submit<first_after>(rk::put(Large(50'000, 3.0)), later);
    for (int i = 0; i < 20; ++i) rk::put(Large(50'000, -1.0));
    gate.open();
    CHECK(result.get() == 3.0);
    CHECK(comes_down_to(2));
  });
}

TEST_CASE("a ref inside an argument keeps its object while the task is pending") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto later = rk::submit<pass_gate>(gate.path(), 0);
    const auto result = rk::submit<first_inside>(std::vector{rk::put(Large(50'000, 4.0))}, later);
    for (int i = 0; i < 20; ++i) rk::put(Large(50'000, -1.0));
    gate.open();
    CHECK(result.get() == 4.0);
    CHECK(comes_down_to(2));
  });
}

TEST_CASE("a ref inside an object keeps the inner object until the outer one goes") {
  on_ranks([] {
    {
      const auto outer = rk::put(std::vector{rk::put(Large(50'000, 5.0)), rk::put(Large(50'000, 6.0))});
      CHECK(rk::statistics().live_objects == 3);
      for (int i = 0; i < 20; ++i) rk::put(Large(50'000, -1.0));
      CHECK(outer.get()[1].get().at(0) == 6.0);
    }
    CHECK(comes_down_to(0));
  });
}

TEST_CASE("a ref handed down a chain of tasks keeps its object until the last one ends") {
  on_ranks({2, 4}, [] {
    {
      const Gate gate;
      const auto result = rk::submit<last_of_chain>(std::vector{rk::put(Large(50'000, 7.0))}, gate.path(), 5);
      gate.open();
      CHECK(result.get() == 7.0);
    }
    CHECK(comes_down_to(0));
  });
}

TEST_CASE("an object that a task made and handed out lives on after it") {
  on_ranks([] {
    {
      const auto kept = rk::submit<make_and_hand_out>(8.0).get();
      rk::submit<make_and_hand_out>(-1.0).get();
      CHECK(kept.get().at(0) == 8.0);
    }
    CHECK(comes_down_to(0));
  });
}

TEST_CASE("results that nobody fetches are freed") {
  on_ranks([] {
    for (int i = 0; i < 200; ++i) rk::submit<large>(1.0);
    rk::map<pass>(std::vector<int>(1000));
    CHECK(comes_down_to(0));
  });
}

TEST_CASE("children that their parent forgot run and are freed") {
  on_ranks([] {
    rk::submit<leave_children_behind>(100).get();
    CHECK(eventually([] { return rk::statistics().finished >= 101; }));
    CHECK(comes_down_to(0));
  });
}

TEST_CASE("failed and cancelled tasks let go of their arguments") {
  on_ranks({2, 4}, [] {
    {
      const Gate gate;
      const auto later = rk::submit<pass_gate>(gate.path(), 0);
      const auto failed = rk::submit<refuse>(rk::submit<pass>(1));
      const auto cancelled = rk::submit<first_after>(rk::put(Large(50'000)), later);
      cancelled.cancel();
      CHECK_THROWS_AS(cancelled.get(), rk::TaskCancelled);
      gate.open();
      CHECK_THROWS_AS(failed.get(), rk::TaskError);
      CHECK(later.get() == 0);
      CHECK(comes_down_to(3));
    }
    CHECK(comes_down_to(0));
  });
}

TEST_CASE("an array that was got keeps its elements when its handle is gone") {
  on_ranks([] {
    rk::Array<double> kept = rk::put_array<double>(Large(50'000, 9.0)).get();
    for (int i = 0; i < 50; ++i) rk::put(Large(50'000, -1.0));
    CHECK(kept[49'999] == 9.0);
    kept = {};
    CHECK(comes_down_to(0));
  });
}

TEST_CASE("memory of dropped objects is used again: twenty times the arena through it", "[threads]") {
  on_ranks({1, 2, 4},
           [] {
             for (int i = 0; i < repeated(160); ++i) {
               const auto one = rk::put(Large(std::size_t{1} << 19, 1.0 * i));  // 4 MiB of 32
               REQUIRE(rk::submit<first_of>(one).get() == 1.0 * i);
             }
             CHECK(comes_down_to(0));
           },
           {.arena_bytes = std::uint64_t{32} << 20});
}

}  // namespace reference_semantics
