// SPDX-License-Identifier: Apache-2.0
// wait and as_completed.
#include <cstdint>
#include <set>
#include <stdexcept>
#include <vector>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace wait_semantics {

using Refs = std::vector<rk::Future<int>>;
using Indices = std::vector<std::uint32_t>;

int square(int x) {
  return x * x;
}
int refuse(int x) {
  throw std::invalid_argument("refused " + std::to_string(x));
}
std::size_t ended_of(const Refs& refs, int count, int timeout_ms) {
  return rk::wait(refs, static_cast<std::size_t>(count), milliseconds(timeout_ms)).size();
}

TEST_CASE("wait returns as soon as as many as asked for have ended") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const Refs refs{rk::submit<pass_gate>(gate.path(), 0), rk::put(1), rk::put(2)};
    CHECK(rk::wait(refs) == Indices{1, 2});
    CHECK(rk::wait(refs, 2) == Indices{1, 2});
    gate.open();
    CHECK(rk::wait(refs, 3).size() == 3);
  });
}

TEST_CASE("wait for all returns all") {
  on_ranks([] {
    Refs refs;
    for (int i = 0; i < 1000; ++i) refs.push_back(rk::submit<square>(i));
    const Indices ended = rk::wait(refs, refs.size());
    CHECK(std::set<std::uint32_t>(ended.begin(), ended.end()).size() == 1000);
    CHECK(refs[999].ready());
  });
}

TEST_CASE("wait with a timeout returns what has ended by then") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const Refs refs{rk::put(1), rk::submit<pass_gate>(gate.path(), 2)};
    const auto begin = std::chrono::steady_clock::now();
    CHECK(rk::wait(refs, 2, milliseconds(20)) == Indices{0});
    CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(20));
    gate.open();
    CHECK(rk::wait(refs, 2, seconds(60)).size() == 2);
  });
}

TEST_CASE("wait with a timeout of zero only looks") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const Refs refs{rk::submit<pass_gate>(gate.path(), 2), rk::put(1)};
    CHECK(rk::wait(refs, 2, seconds(0)) == Indices{1});
    CHECK(rk::wait(Refs{refs[0]}, 1, seconds(0)).empty());
  });
}

TEST_CASE("wait of nothing returns nothing") {
  on_ranks([] { CHECK(rk::wait(Refs()).empty()); });
}

TEST_CASE("a failure counts as an end") {
  on_ranks([] {
    const Refs refs{rk::submit<refuse>(1), rk::submit<refuse>(2)};
    CHECK(rk::wait(refs, 2).size() == 2);
    CHECK(refs[0].ready());
    CHECK_THROWS_AS(refs[0].get(), rk::TaskError);
  });
}

TEST_CASE("a task can wait too, with a count and a timeout", "[threads]") {
  on_ranks({4}, [] {
    const Gate gate;
    const auto slow = rk::submit<pass_gate>({.rank = 1}, gate.path(), 1);
    const Refs refs{slow, rk::put(2), rk::submit<square>({.rank = 2}, 3)};
    CHECK(rk::submit<ended_of>({.rank = 3}, refs, 2, 60'000).get() == 2);
    CHECK(rk::submit<ended_of>({.rank = 3}, refs, 3, 5).get() == 2);
    gate.open();
    CHECK(rk::submit<ended_of>({.rank = 3}, refs, 3, 60'000).get() == 3);
  });
}

TEST_CASE("as_completed hands out each future once, as it ends") {
  on_ranks([] {
    Refs refs;
    for (int i = 0; i < 500; ++i) refs.push_back(rk::submit<square>(i));
    std::set<std::uint32_t> seen;
    for (const auto& [index, future] : rk::as_completed(refs)) {
      CHECK(future.get() == square(static_cast<int>(index)));
      seen.insert(index);
    }
    CHECK(seen.size() == 500);
  });
}

TEST_CASE("what ends first comes first out of as_completed", "[threads]") {
  on_ranks({4}, [] {
    const Gate gate;
    const Refs refs{rk::submit<pass_gate>(gate.path(), 0), rk::submit<square>(1), rk::submit<square>(2)};
    std::vector<std::uint32_t> order;
    for (const auto& [index, future] : rk::as_completed(refs)) {
      order.push_back(index);
      if (order.size() == 2) gate.open();
    }
    REQUIRE(order.size() == 3);
    CHECK(order.back() == 0);
  });
}

TEST_CASE("a map can be waited for as a whole and counted on the way") {
  on_ranks([] {
    const auto range = rk::map<square>(std::vector<int>(2000, 3));
    CHECK(range.wait(seconds(60)));
    CHECK(range.ended() == 2000);
    CHECK(range.get() == std::vector<int>(2000, 9));
  });
}

}  // namespace wait_semantics
