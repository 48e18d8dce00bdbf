// SPDX-License-Identifier: Apache-2.0
// More objects than memory: to disk and back, unseen by the program.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "gate.hpp"
#include "on_ranks.hpp"
#include "temporary_folder.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace spilling_semantics {

using Numbers = rk::Array<std::uint64_t>;

constexpr std::uint64_t kArena = std::uint64_t{12} << 20;
constexpr std::size_t kCount = 32'768;  // 256 KiB

Numbers make(std::uint64_t seed, std::size_t count) {
  return Numbers(count, [seed](std::size_t i) { return seed * 1'000'003 + i; });
}
std::uint64_t sum(const Numbers& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}
std::uint64_t expected(std::uint64_t seed, std::size_t count) {
  return count * seed * 1'000'003 + count * (count - 1) / 2;
}
Numbers shift(std::uint64_t seed) {
  return make(seed, kCount);
}
bool is_expected(std::uint64_t seed, const std::vector<rk::Future<Numbers>>& made) {
  return sum(made.at(seed).get()) == expected(seed, kCount);
}

TEST_CASE("a data set of four times the arena goes through map and back", "[threads]") {
  const TemporaryFolder folder;
  on_ranks({1, 2, 4},
           [] {
             std::vector<std::uint64_t> seeds(128);
             std::iota(seeds.begin(), seeds.end(), 0);
             const auto range = rk::map<shift>(seeds);
             REQUIRE(range.wait(seconds(100)));
             CHECK(rk::statistics().store.spilled_objects > 0);
             std::vector<rk::Future<Numbers>> made;
             for (std::size_t i = 0; i < seeds.size(); ++i) made.push_back(range[i]);
             const auto checked = rk::map<is_expected>(seeds, made).get();
             CHECK(std::count(checked.begin(), checked.end(), true) == 128);
             for (std::uint64_t i = 0; i < 128; i += 9) CHECK(sum(made[i].get()) == expected(i, kCount));
           },
           {.arena_bytes = kArena, .spill_directory = folder.path.string()});
  CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("puts of more than the arena are all there when they are asked for", "[threads]") {
  on_ranks({1, 2},
           [] {
             std::vector<rk::Future<Numbers>> all;
             for (std::uint64_t i = 0; i < 80; ++i) all.push_back(rk::put(make(i, kCount)));
             CHECK(rk::statistics().store.spilled_objects > 0);
             for (std::uint64_t i = 80; i-- > 0;) REQUIRE(sum(all[i].get()) == expected(i, kCount));
             CHECK(rk::statistics().store.restored_objects > 0);
           },
           {.arena_bytes = kArena});
}

TEST_CASE("an object on disk is an argument like any other", "[threads]") {
  on_ranks({1, 2, 4},
           [] {
             std::vector<rk::Future<Numbers>> all;
             for (std::uint64_t i = 0; i < 60; ++i) all.push_back(rk::submit<make>(i, kCount));
             std::vector<rk::Future<std::uint64_t>> sums;
             for (const auto& one : all) sums.push_back(rk::submit<sum>(one));
             for (std::uint64_t i = 0; i < 60; ++i) CHECK(sums[i].get() == expected(i, kCount));
           },
           {.arena_bytes = kArena});
}

TEST_CASE("what is in use stays where it is while others are written to disk", "[threads]") {
  on_ranks({1, 2},
           [] {
             const auto first = rk::put(make(1, kCount));
             const Numbers held = first.get();
             const std::uint64_t* const place = held.data();
             std::vector<rk::Future<Numbers>> others;
             for (std::uint64_t i = 0; i < 60; ++i) others.push_back(rk::put(make(i, kCount)));
             CHECK(rk::statistics().store.spilled_objects > 0);
             CHECK(sum(held) == expected(1, kCount));
             CHECK(first.get().data() == place);
           },
           {.arena_bytes = kArena});
}

TEST_CASE("objects that are dropped are not written to disk", "[threads]") {
  on_ranks({1, 2},
           [] {
             for (std::uint64_t i = 0; i < 200; ++i) rk::put(make(i, kCount));
             CHECK(rk::statistics().store.spilled_objects == 0);
           },
           {.arena_bytes = kArena});
}

TEST_CASE("disk space of objects that are gone is given back", "[threads]") {
  on_ranks({1, 2},
           [] {
             {
               std::vector<rk::Future<Numbers>> all;
               for (std::uint64_t i = 0; i < 60; ++i) all.push_back(rk::put(make(i, kCount)));
               CHECK(rk::statistics().store.disk_bytes > 0);
             }
             CHECK(eventually([] { return rk::statistics().store.disk_bytes == 0; }));
           },
           {.arena_bytes = kArena});
}

TEST_CASE("when all memory is in use the error says so and nothing hangs", "[threads]") {
  on_ranks({1, 2},
           [] {
             std::vector<Numbers> held;
             const std::string words = words_of<rk::StoreFull>([&held] {
               for (std::uint64_t i = 0; i < 100; ++i) held.push_back(rk::put(make(i, kCount)).get());
             });
             CHECK(has(words, "RANKINE_ARENA_BYTES"));
             CHECK(held.size() > 15);
             held.clear();
             CHECK(sum(rk::put(make(5, kCount)).get()) == expected(5, kCount));
           },
           {.arena_bytes = kArena});
}

TEST_CASE("an object is copied to a node once, whoever wants it there", "[threads]") {
  rk::run_as_threads(rk::PretendedNodes{.nodes = 2, .ranks_per_node = 3}, {.arena_bytes = kArena}, [] {
    const auto numbers = rk::put(make(3, kCount));
    for (int round = 0; round < 4; ++round) {
      std::vector<rk::Future<std::uint64_t>> sums;
      for (int rank = 1; rank < 6; ++rank) sums.push_back(rk::submit<sum>({.rank = rank}, numbers));
      for (const auto& one : sums) CHECK(one.get() == expected(3, kCount));
    }
    CHECK(rk::statistics().store.pulls == 1);
  });
}

}  // namespace spilling_semantics
