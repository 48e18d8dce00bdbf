// SPDX-License-Identifier: Apache-2.0
// Gangs on ranks that are threads: placement, values, errors, cancel, timeout, what members may do. Their
// communicators need mpirun: tests/mpi/runs/gangs.cpp.
#include <stdexcept>
#include <string>
#include <vector>

#include "on_ranks.hpp"

namespace gangs_test {

int rank_of(rk::Gang& gang, int x) {
  return 100 * gang.size() + 10 * gang.rank() + x;
}
std::vector<int> places(rk::Gang& gang) {
  return {gang.nodes(), gang.node(), gang.node_rank(), gang.node_size()};
}
void nothing(rk::Gang&) {}
int add(int a, int b) {
  return a + b;
}
int with_arguments(rk::Gang& gang, const std::string& text, int x, const std::vector<int>& values) {
  return static_cast<int>(text.size() + values.size()) + x + gang.rank();
}
std::vector<double> large(rk::Gang& gang) {
  return std::vector<double>(100'000, gang.rank());
}
/// Waits until somebody breaks the gang; all members but one throw nothing.
int until_broken(rk::Gang& gang, int thrower) {
  if (gang.rank() == thrower) throw std::domain_error("member " + std::to_string(thrower));
  while (!rk::cancelled()) {
  }
  return gang.broken() ? 1 : 0;
}
/// Notices that it is over its time, and leaves without a value.
int leaves(rk::Gang& gang) {
  until_broken(gang, -1);
  throw rk::TaskCancelled("noticed");
}
std::uint64_t draw(rk::Gang&) {
  return rk::random()();
}
/// Members submit, wait and put.
int parents(rk::Gang& gang) {
  const auto put = rk::put(gang.rank());
  return rk::submit<add>(put, rk::submit<add>(1, 2)).get();
}
rk::Future<int> inner(rk::Gang& gang) {
  return rk::put(7 + gang.rank());
}
int nested(int ranks) {
  return rk::submit_gang<rank_of>({.ranks = ranks}, 1).get();
}
std::string comm_error(rk::Gang& gang) {
  try {
    gang.comm();
  } catch (const rk::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace gangs_test

using namespace gangs_test;

TEST_CASE("a gang has its value of rank 0, or those of all members in order") {
  on_ranks({1, 2, 3, 8}, [] {
    const int most = std::max(1, static_cast<int>(rk::statistics().workers));
    for (int n = 1; n <= most; ++n) {
      CHECK(rk::submit_gang<rank_of>({.ranks = n}, 5).get() == 100 * n + 5);
      const std::vector<int> all = rk::submit_gang_all<rank_of>({.ranks = n}, 5).get();
      REQUIRE(all.size() == static_cast<std::size_t>(n));
      for (int i = 0; i < n; ++i) CHECK(all[static_cast<std::size_t>(i)] == 100 * n + 10 * i + 5);
      rk::submit_gang<nothing>({.ranks = n}).get();
      rk::submit_gang_all<nothing>({.ranks = n}).get();
    }
    CHECK(rk::submit_gang<places>({.ranks = most}).get() == std::vector<int>{1, 0, 0, most});
    CHECK(rk::submit_gang_all<places>({.ranks = most}).get().back() ==
          std::vector<int>{1, 0, most - 1, most});
    CHECK(rk::submit_gang(
              {.ranks = most}, [](rk::Gang& gang, int x) { return gang.size() + x; }, 3)
              .get() == most + 3);
  });
}

TEST_CASE("arguments of a gang are values and futures, values may be large") {
  on_ranks({1, 3}, [] {
    const int most = static_cast<int>(rk::statistics().workers);
    const auto values = rk::put(std::vector<int>(50'000, 1));
    const auto x = rk::submit<add>(1, 2);
    const auto all = rk::submit_gang_all<with_arguments>({.ranks = most}, "four", x, values).get();
    for (int i = 0; i < most; ++i) CHECK(all[static_cast<std::size_t>(i)] == 4 + 50'000 + 3 + i);
    const auto parts = rk::submit_gang_all<large>({.ranks = most});
    for (int i = 0; i < most; ++i) CHECK(parts[static_cast<std::size_t>(i)].get().at(99'999) == i);
    const auto ref = rk::submit_gang<inner>({.ranks = most}).get();
    CHECK(ref.get() == 7);
  });
}

TEST_CASE("the first error of a member is that of the gang, and the others learn of it") {
  on_ranks({2, 4}, [] {
    const int most = static_cast<int>(rk::statistics().workers);
    for (int thrower = 0; thrower < most; ++thrower) {
      const auto gang = rk::submit_gang<until_broken>({.ranks = most}, thrower);
      try {
        gang.get();
        FAIL("a member threw");
      } catch (const rk::TaskError& error) {
        CHECK(error.parts().type == "std::domain_error");
        CHECK(error.parts().text == "member " + std::to_string(thrower));
        CHECK_THAT(error.parts().function,
                   ContainsSubstring("until_broken, gang rank " + std::to_string(thrower) + " of " +
                                     std::to_string(most)));
      }
    }
    const auto all = rk::submit_gang_all<until_broken>({.ranks = most}, 0);
    for (int i = 0; i < most; ++i) CHECK_THROWS_AS(all[static_cast<std::size_t>(i)].get(), rk::TaskError);
  });
}

TEST_CASE("a gang that is cancelled or over its time leaves") {
  on_ranks({1, 3}, [] {
    const int most = static_cast<int>(rk::statistics().workers);
    const auto gang = rk::submit_gang<until_broken>({.ranks = most}, -1);
    const auto behind = rk::submit_gang<rank_of>({.ranks = most}, 1);
    behind.cancel();
    CHECK_THROWS_AS(behind.get(), rk::TaskCancelled);
    gang.cancel();
    CHECK_THROWS_AS(gang.get(), rk::TaskCancelled);
    const auto late = rk::submit_gang<leaves>({.ranks = most, .timeout = std::chrono::milliseconds(5)});
    CHECK_THROWS_AS(late.get(), rk::TaskTimedOut);
    CHECK(rk::submit_gang<rank_of>({.ranks = most}, 1).get() == 100 * most + 1);
  });
}

TEST_CASE("more ranks than there are fail at once, with what there is") {
  on_ranks({1, 3}, [] {
    const int most = static_cast<int>(rk::statistics().workers);
    CHECK_THROWS_WITH(rk::submit_gang<rank_of>({.ranks = most + 1}, 1).get(),
                      ContainsSubstring("a gang of " + std::to_string(most + 1) + " ranks") &&
                          ContainsSubstring(std::to_string(most) + " ranks could hold a member"));
    CHECK_THROWS_AS(rk::submit_gang<rank_of>({.ranks = 1, .per_rank = {.cpus = 64}}, 1).get(),
                    rk::Unsatisfiable);
    CHECK_THROWS_AS(rk::submit_gang<rank_of>({.ranks = 0}, 1), rk::InputError);
  });
}

TEST_CASE("members submit, wait and draw numbers of their own; tasks and members submit gangs") {
  std::vector<std::uint64_t> first;
  for (const int ranks : {3, 6}) {
    rk::run_as_threads(ranks, {.seed = 3}, [&] {
      const std::vector<std::uint64_t> drawn = rk::submit_gang_all<draw>({.ranks = 2}).get();
      CHECK(drawn[0] != drawn[1]);
      if (first.empty()) first = drawn;
      CHECK(drawn == first);
      if (ranks == 3) return;
      const std::vector<int> sums = rk::submit_gang_all<parents>({.ranks = 3}).get();
      CHECK(sums == std::vector<int>{3, 4, 5});
      CHECK(rk::submit<nested>(4).get() == 401);
      const auto of_member = [](rk::Gang& gang) { return gang.rank() == 0 ? nested(2) : 0; };
      CHECK(rk::submit_gang({.ranks = 2}, of_member).get() == 201);
    });
  }
}

TEST_CASE("disjoint gangs and tasks at once, many") {
  on_ranks({2, 5}, [] {
    const int most = static_cast<int>(rk::statistics().workers);
    std::vector<rk::Future<int>> gangs;
    std::vector<rk::Future<int>> tasks;
    for (int i = 0; i < 300; ++i) {
      gangs.push_back(rk::submit_gang<rank_of>({.ranks = 1 + i % most}, i));
      tasks.push_back(rk::submit<add>(i, 1));
    }
    for (int i = 0; i < 300; ++i) {
      CHECK(gangs[static_cast<std::size_t>(i)].get() == 100 * (1 + i % most) + i);
      CHECK(tasks[static_cast<std::size_t>(i)].get() == i + 1);
    }
  });
}

TEST_CASE("without MPI a gang has no communicator, and says so") {
  on_ranks({2},
           [] { CHECK_THAT(rk::submit_gang<comm_error>({.ranks = 1}).get(), ContainsSubstring("mpirun")); });
}
