// SPDX-License-Identifier: Apache-2.0
// Objects that do not fit and objects that are elsewhere: more data than memory, on one node and on pretended
// ones; copied once a node, down a tree; nothing is left when the handles are gone; arrays are views.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include <rankine/core/hash.hpp>
#include <rankine/serialize/eigen.hpp>

#include "on_ranks.hpp"
#include "runtime/spread.hpp"

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
using Numbers = rk::Array<std::uint64_t>;

std::uint64_t expected_sum(std::uint64_t seed, std::uint64_t count) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) sum += rk::hash_mix(seed, i);
  return sum;
}
Numbers make(std::uint64_t seed, std::uint64_t count) {
  return Numbers(count, [seed](std::size_t i) { return rk::hash_mix(seed, i); });
}
std::uint64_t sum(const Numbers& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}
std::uint64_t sum_of(const Numbers& numbers, int) {
  return sum(numbers);
}
Numbers next(const Numbers& numbers) {
  return Numbers(numbers.size(), [&](std::size_t i) { return numbers[i] + 1; });
}
std::uint64_t pick(std::uint64_t i, const Numbers& table) {
  return table[i];
}

rk::Array<double> ramp(std::size_t count) {
  return rk::Array<double>(count, [](std::size_t i) { return static_cast<double>(i); });
}
int fails(int) {
  throw std::runtime_error("on purpose");
}

rk::RuntimeOptions small_arena(std::uint64_t bytes = 32 * kMiB) {
  rk::RuntimeOptions options;
  options.arena_bytes = bytes;
  return options;
}

/// What was released is freed everywhere, a little later.
void check_empty() {
  CHECK(eventually([] { return rk::statistics().store.used_bytes == 0; }));
  CHECK(eventually([] { return rk::statistics().store.disk_bytes == 0; }));
  CHECK(eventually([] { return rk::statistics().store.replicas == 0; }));
}

/// Whether an address lies in shared memory of a node's arena.
bool in_arena(const void* address) {
  std::ifstream maps("/proc/self/maps");
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    fields >> std::hex >> begin >> dash >> end;
    if (at >= begin && at < end) return line.find("/rankine-") != std::string::npos;
  }
  return false;
}
bool arrives_in_place(const Numbers& numbers) {
  return in_arena(numbers.data());
}

constexpr std::uint64_t kTiny = 12 * kMiB;  // where much goes through the arena: that takes time

/// 4 times the tiny arena: made by tasks, read by tasks, changed by tasks, read by the driver; all alive at
/// once.
void four_times_the_arena() {
  constexpr std::uint64_t kItems = 64, kCount = kTiny / 64 / sizeof(std::uint64_t);
  std::vector<std::uint64_t> seeds(kItems);
  std::iota(seeds.begin(), seeds.end(), 0);
  std::vector<rk::Future<Numbers>> made, changed;
  const auto first = rk::map<make>(seeds, kCount);
  for (std::uint64_t i = 0; i < kItems; ++i) made.push_back(first[i]);
  for (int round = 0; round < 3; ++round) {
    for (const auto& future : made) changed.push_back(rk::submit<next>(future));
  }
  for (std::uint64_t i = 0; i < changed.size(); ++i) {
    REQUIRE(sum(changed[i].get()) == expected_sum(i % kItems, kCount) + kCount);
  }
  for (std::uint64_t i = 0; i < kItems; ++i) REQUIRE(sum(made[i].get()) == expected_sum(i, kCount));
  const rk::StoreStatistics store = rk::statistics().store;
  CHECK(store.spilled_objects > 0);
  CHECK(store.restored_objects > 0);
  CHECK(store.used_bytes <= store.arena_bytes);
}

}  // namespace

TEST_CASE("four times the arena goes through map and back, and nothing is left") {
  on_ranks(
      {1, 2, 3},
      [] {
        four_times_the_arena();
        check_empty();
      },
      small_arena(kTiny));
}

TEST_CASE("the same on two nodes of two ranks, whose pulls are by messages or by reads") {
  for (const bool remote_reads : {false, true}) {
    rk::run_as_threads(rk::PretendedNodes{2, 2, remote_reads}, small_arena(kTiny), [] {
      four_times_the_arena();
      CHECK(rk::statistics().store.pulls > 0);
      check_empty();
    });
  }
}

TEST_CASE("arguments by value, of ranges too, go to disk and to other nodes") {
  rk::run_as_threads(rk::PretendedNodes{2, 2}, small_arena(), [] {
    const Numbers table = make(7, 600'000);  // 4.8 MB
    std::vector<std::uint64_t> which(200);
    std::iota(which.begin(), which.end(), 0);
    std::vector<rk::FutureRange<std::uint64_t>> runs;
    for (int i = 0; i < 12; ++i) runs.push_back(rk::map<pick>(which, table));
    for (const auto& run : runs) {
      const auto values = run.get();
      for (std::uint64_t i = 0; i < which.size(); ++i) REQUIRE(values[i] == table[i]);
    }
    runs.clear();
    check_empty();
  });
}

TEST_CASE("an object comes to a node once, whoever wants it there") {
  for (const bool remote_reads : {false, true}) {
    for (const std::uint64_t count : {2'000u, 60'000u, 300'000u}) {  // in the answer, in parts, down the tree
      rk::run_as_threads(rk::PretendedNodes{3, 3, remote_reads}, small_arena(), [count] {
        const auto object = rk::put(make(5, count));
        std::vector<rk::Future<std::uint64_t>> sums;
        for (int round = 0; round < 4; ++round) {
          for (int rank = 1; rank < 9; ++rank) sums.push_back(rk::submit<sum>({.rank = rank}, object));
        }
        for (const auto& future : sums) REQUIRE(future.get() == expected_sum(5, count));
        const rk::StoreStatistics store = rk::statistics().store;
        CHECK(store.pulls == 2);
        CHECK(store.replicas == 2);
        CHECK(store.pulled_bytes >= 2 * 8 * count);
      });
    }
  }
}

TEST_CASE("a result of another node is read by the driver, once") {
  rk::run_as_threads(rk::PretendedNodes{2, 1}, small_arena(), [] {
    {
      const auto made = rk::submit<make>({.rank = 1}, 3, 100'000);
      const Numbers one = made.get();
      const Numbers other = made.get();
      CHECK(sum(one) == expected_sum(3, 100'000));
      CHECK(one.data() == other.data());
      CHECK(in_arena(one.data()));
      CHECK(rk::statistics().store.pulls == 1);
    }
    check_empty();
  });
}

TEST_CASE("many small results of another node are each pulled once, in order or not") {
  rk::run_as_threads(rk::PretendedNodes{2, 1}, small_arena(), [] {
    std::vector<std::uint64_t> seeds(300);
    std::iota(seeds.begin(), seeds.end(), 0);
    const auto made = rk::map<make>({.rank = 1}, seeds, std::uint64_t{1'000});
    for (const std::size_t i : {299u, 7u, 150u}) CHECK(sum(made[i].get()) == expected_sum(i, 1'000));
    CHECK(rk::statistics().store.pulls == 3);  // nothing is had that nobody reads
    const std::vector<Numbers> all = made.get();
    for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(sum(all[i]) == expected_sum(i, 1'000));
    CHECK(rk::statistics().store.pulls == 300);
  });
}

TEST_CASE("a broadcast uses each link of the tree once") {
  rk::run_as_threads(rk::PretendedNodes{7, 1}, small_arena(), [] {
    const auto object = rk::put(make(9, 300'000));
    std::vector<rk::Future<std::uint64_t>> sums;
    for (int rank = 1; rank < 7; ++rank) sums.push_back(rk::submit<sum>({.rank = rank}, object));
    for (const auto& future : sums) REQUIRE(future.get() == expected_sum(9, 300'000));
    CHECK(rk::statistics().store.pulls == 6);
  });
}

TEST_CASE("who asks whom: the first of a node down the tree, its neighbours the first") {
  rk::runtime::Topology topology;
  for (int r = 0; r < 16; ++r)
    topology.places.push_back({rk::NodeId{r / 2}, static_cast<std::uint32_t>(r % 2)});
  rk::runtime::Spread spread(topology);
  const rk::Location large{rk::NodeId{0}, 1, 0, 1, 2 * kMiB};
  const rk::Location small{rk::NodeId{0}, 1, 0, 1, 100'000};
  const int value = 0, other = 0;
  using rk::Rank;
  CHECK(!spread.advise(&value, large, Rank{0}));  // reads it in place
  const int parents[] = {1, 1, 2, 2, 4, 4, 6};    // of nodes 1 .. 7 by their first ranks
  for (int node = 1; node < 8; ++node) {
    CHECK(spread.advise(&value, large, Rank{2 * node}) == Rank{parents[node - 1]});
    CHECK(spread.advise(&value, large, Rank{2 * node + 1}) == Rank{2 * node});
    CHECK(!spread.advise(&value, large, Rank{2 * node}));  // knows
    CHECK(spread.advise(&other, small, Rank{2 * node}) == Rank{1});
  }
  spread.rank_lost(Rank{4});
  CHECK(spread.forget(&value).size() == 13);
  CHECK(spread.forget(&value).empty());
}

TEST_CASE("replicas are given up before anything goes to disk, and had again") {
  rk::run_as_threads(rk::PretendedNodes{2, 1}, small_arena(), [] {
    std::vector<rk::Future<Numbers>> objects;
    for (std::uint64_t i = 0; i < 24; ++i) objects.push_back(rk::put(make(i, 120'000)));  // 23 MB of 28
    for (int round = 0; round < 2; ++round) {
      for (std::uint64_t i = 0; i < objects.size(); ++i) {
        REQUIRE(rk::submit<sum>({.rank = 1}, objects[i]).get() == expected_sum(i, 120'000));
      }
    }
    std::vector<rk::Future<Numbers>> results;
    for (std::uint64_t i = 0; i < 20; ++i) results.push_back(rk::submit<make>({.rank = 1}, i, 120'000));
    for (const auto& result : results) result.wait();
    const rk::StoreStatistics store = rk::statistics().store;
    CHECK(store.evicted_replicas >= 12);
    CHECK(store.spilled_objects == 0);
    CHECK(rk::submit<sum>({.rank = 1}, objects[0]).get() == expected_sum(0, 120'000));
    objects.clear();
    results.clear();
    check_empty();
  });
}

TEST_CASE("a rank that holds all memory makes room for another") {
  on_ranks(
      {2},
      [] {
        std::vector<rk::Future<Numbers>> theirs, mine;
        for (std::uint64_t i = 0; i < 26; ++i) theirs.push_back(rk::submit<make>(i, 30'000));
        for (const auto& future : theirs) future.wait();
        CHECK(rk::statistics().store.spilled_objects == 0);
        for (std::uint64_t i = 0; i < 26; ++i) mine.push_back(rk::put(make(100 + i, 30'000)));
        CHECK(rk::statistics().store.spilled_objects > 0);
        for (std::uint64_t i = 0; i < 26; ++i) {
          REQUIRE(sum(theirs[i].get()) == expected_sum(i, 30'000));
          REQUIRE(sum(mine[i].get()) == expected_sum(100 + i, 30'000));
        }
        theirs.clear();
        mine.clear();
        check_empty();
      },
      small_arena(kTiny));
}

TEST_CASE("tasks whose inputs and results do not fit all at once wait for each other") {
  const auto driver = [] {
    constexpr std::uint64_t kLarge = 250'000;  // 2 MB in, 2 MB out, in 8 MB
    std::vector<rk::Future<Numbers>> inputs, results;
    for (std::uint64_t i = 0; i < 8; ++i) inputs.push_back(rk::put(make(i, kLarge)));
    for (const auto& input : inputs) results.push_back(rk::submit<next>(input));
    for (std::uint64_t i = 0; i < 8; ++i) {
      REQUIRE(sum(results[i].get()) == expected_sum(i, kLarge) + kLarge);
    }
    inputs.clear();
    results.clear();
    check_empty();
  };
  on_ranks({1, 2, 4}, driver, small_arena(kTiny));
  rk::run_as_threads(rk::PretendedNodes{2, 3}, small_arena(kTiny), driver);
}

TEST_CASE("when all memory is in use by the asker itself, the error says so and nothing hangs") {
  on_ranks(
      {1, 2},
      [] {
        std::vector<Numbers> held;
        std::string text;
        for (std::uint64_t i = 0; i < 100 && text.empty(); ++i) {
          try {
            held.push_back(rk::put(make(i, 30'000)).get());
          } catch (const rk::StoreFull& error) {
            text = error.what();
          }
        }
        CHECK(held.size() > 20);
        CHECK_THAT(text, Catch::Matchers::Contains("240"));  // kilobytes asked
        CHECK_THAT(text, Catch::Matchers::Contains("are in use by tasks or the driver"));
        CHECK_THAT(text, Catch::Matchers::Contains("waiting is no use"));
        CHECK_THAT(text, Catch::Matchers::Contains("RANKINE_ARENA_BYTES"));
        for (std::uint64_t i = 0; i < held.size(); ++i) REQUIRE(sum(held[i]) == expected_sum(i, 30'000));
        held.clear();
        check_empty();
      },
      small_arena(kTiny));
}

TEST_CASE("arrays are views of shared memory: of futures, of future arguments, of arguments by value") {
  on_ranks({1, 2}, [] {
    Numbers view;
    {
      const auto object = rk::put(make(1, 50'000));
      view = object.get();
      const Numbers again = object.get();
      CHECK(view.data() == again.data());  // nobody copied
      CHECK(in_arena(view.data()));
      CHECK(rk::submit<arrives_in_place>(object).get());
      CHECK(rk::submit<arrives_in_place>(view).get());
      const auto made = rk::submit<make>(2, 50'000);
      CHECK(in_arena(made.get().data()));
    }
    // The handle is gone, the view is not: its memory is nobody else's.
    std::vector<rk::Future<Numbers>> others;
    for (std::uint64_t i = 0; i < 20; ++i) others.push_back(rk::put(make(10 + i, 50'000)));
    CHECK(sum(view) == expected_sum(1, 50'000));
    const std::span<const std::uint64_t> span = view.span();
    CHECK(span.data() == view.data());
    others.clear();
    CHECK(eventually([] { return rk::statistics().live_objects <= 1; }));  // the view holds one at most
    CHECK(rk::statistics().store.used_bytes > 0);
    view = Numbers();
    check_empty();
  });
}

TEST_CASE("a vector and a matrix of an array in the store are maps of it") {
  on_ranks({2}, [] {
    const rk::Array<double> array = rk::submit<ramp>(60'000).get();  // of another rank, in shared memory
    CHECK(in_arena(array.data()));
    const auto vector = rk::as_vector(array);
    const auto matrix = rk::as_matrix(array, 200, 300);
    CHECK(vector.data() == array.data());
    CHECK(matrix.data() == array.data());
    CHECK(matrix(3, 2) == array[403]);
  });
}

TEST_CASE(
    "every way in which memory is freed: put, result, argument, failed task, what was never submitted") {
  for (const rk::PretendedNodes nodes : {rk::PretendedNodes{1, 1}, {1, 3}, {3, 2}}) {
    rk::run_as_threads(nodes, small_arena(), [] {
      for (int round = 0; round < 3; ++round) {
        auto object = rk::put(make(1, 20'000));
        auto result = rk::submit<make>(2, 20'000);
        CHECK(rk::submit<sum>(object).get() == expected_sum(1, 20'000));
        CHECK(rk::submit<sum>(result).get() == expected_sum(2, 20'000));
        CHECK(rk::submit<sum>(make(3, 20'000)).get() == expected_sum(3, 20'000));
        CHECK_THROWS_AS(rk::submit<sum_of>(result, rk::submit<fails>(1)).get(), rk::TaskError);
        rk::submit<make>(4, 20'000);  // nobody wants it
        const Numbers copy = result.get();
        CHECK(rk::submit<sum>(rk::put(copy)).get() == expected_sum(2, 20'000));
      }
      // What nobody wants may not have run yet: until it has, it holds no memory but is alive.
      CHECK(eventually([] { return rk::statistics().live_objects == 0; }));
      check_empty();
    });
  }
}
