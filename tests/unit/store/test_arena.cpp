// SPDX-License-Identifier: Apache-2.0
// The allocator against a reference that remembers every range: no overlap, alignment, contents, all returned
// at the end; by one slot, by threads with a slot each, and by processes.
#include <csignal>
#include <cstring>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include <rankine/core/error.hpp>

#include "store/arena.hpp"
#include "store_test.hpp"

using namespace rankine;
using rankine_test::in_child;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kChunk = 256 * 1024;

Arena make_arena(std::size_t capacity_bytes) {
  return Arena(Segment::create(capacity_bytes), 0, {.chunk_bytes = kChunk});
}

Arena attach(const Arena& arena, const std::string& path, std::int32_t slot) {
  return Arena(Segment::open(path, const_cast<Arena&>(arena).memory().size()), slot);
}

std::size_t random_size(std::mt19937_64& random) {
  switch (random() % 8) {
    case 0:
      return random() % 4;
    case 1:
      return 1 + random() % (2 * kMiB);
    case 2:
      return 1 + random() % (128 * 1024);
    default:
      return std::size_t{1} << (random() % 16);
  }
}

struct Block {
  std::size_t bytes;
  unsigned char mark;
};

/// Random allocations and frees by one slot. Returns a sentence about the first thing that is wrong, or
/// nothing.
std::string exercise(Arena& arena, std::uint64_t seed, int rounds) {
  std::mt19937_64 random(seed);
  std::map<std::uint64_t, Block> live;
  auto is_marked = [&](std::uint64_t offset, const Block& block) {
    const auto* at = reinterpret_cast<const unsigned char*>(arena.data(offset));
    return block.bytes == 0 ||
           (at[0] == block.mark && at[block.bytes / 2] == block.mark && at[block.bytes - 1] == block.mark);
  };
  auto free_one = [&](std::map<std::uint64_t, Block>::iterator which) {
    const bool good = is_marked(which->first, which->second);
    arena.free(which->first, which->second.bytes);
    live.erase(which);
    return good;
  };
  for (int round = 0; round < rounds; ++round) {
    if (live.size() > 60 || (!live.empty() && random() % 2 == 0)) {
      auto which = live.lower_bound(random() % arena.memory().size());
      if (which == live.end()) which = live.begin();
      if (!free_one(which)) return "the contents of an object changed";
      continue;
    }
    const Block block{random_size(random), static_cast<unsigned char>(random())};
    std::uint64_t offset = 0;
    try {
      offset = arena.allocate(block.bytes);
    } catch (const StoreFull&) {
      if (live.empty()) return "full although nothing is allocated";
      continue;
    }
    if (offset % Arena::kAlignment != 0) return "an offset is not a multiple of 64";
    if (!arena.holds(offset, block.bytes)) return "an object lies outside the arena";
    const auto next = live.lower_bound(offset);
    if (next != live.end() && next->first < offset + std::max<std::size_t>(block.bytes, 1))
      return "objects overlap";
    if (next != live.begin()) {
      const auto previous = std::prev(next);
      if (previous->first + std::max<std::size_t>(previous->second.bytes, 1) > offset)
        return "objects overlap";
    }
    std::memset(arena.data(offset), block.mark, block.bytes);
    live.emplace(offset, block);
  }
  while (!live.empty()) {
    if (!free_one(live.begin())) return "the contents of an object changed";
  }
  if (arena.used_bytes() != 0) return "bytes are counted as used although all are freed";
  arena.trim();
  return {};
}

}  // namespace

TEST_CASE("random allocations never overlap and all come back") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Arena arena = make_arena(16 * kMiB);
    REQUIRE(exercise(arena, seed, 3'000) == "");
    REQUIRE(arena.stats().leased_bytes == 0);
    // Nothing is fragmented: the whole capacity is one object.
    const std::size_t capacity_bytes = arena.stats().capacity_bytes;
    arena.free(arena.allocate(capacity_bytes), capacity_bytes);
  }
}

TEST_CASE("slots in threads, each with a mapping of its own, share one arena") {
  Arena first = make_arena(64 * kMiB);
  const std::string path = first.segment().path();
  std::vector<std::string> wrong(4);
  std::vector<std::thread> threads;
  for (int slot = 1; slot < 4; ++slot) {
    threads.emplace_back([&, slot] {
      Arena arena = attach(first, path, slot);
      wrong[static_cast<std::size_t>(slot)] = exercise(arena, static_cast<std::uint64_t>(slot), 3'000);
    });
  }
  wrong[0] = exercise(first, 0, 3'000);
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : wrong) CHECK(text == "");
  CHECK(first.stats().leased_bytes == 0);
}

TEST_CASE("slots in processes share one arena") {
  Arena first = make_arena(32 * kMiB);
  const std::string path = first.segment().path();
  const std::uint64_t mine = first.allocate(100'000);
  std::memset(first.data(mine), 0x5a, 100'000);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Arena arena = attach(first, path, 1);
    _exit(exercise(arena, 1, 5'000).empty() ? 0 : 1);
  }
  const std::string wrong = exercise(first, 2, 100);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(wrong == "bytes are counted as used although all are freed");  // `mine` lives
  CHECK(first.data(mine)[99'999] == std::byte{0x5a});
  CHECK(first.data(mine)[0] == std::byte{0x5a});
}

TEST_CASE("a full arena names asked, used and capacity, and is whole again after a free") {
  Arena arena = make_arena(8 * kMiB);
  const std::size_t capacity_bytes = arena.stats().capacity_bytes;
  const std::uint64_t offset = arena.allocate(capacity_bytes - kChunk);
  const std::string text = thrown<StoreFull>([&] { arena.allocate(2 * kChunk); });
  CHECK(contains(text, std::to_string(2 * kChunk) + " bytes asked"));
  CHECK(contains(text, "this rank uses " + std::to_string(capacity_bytes - kChunk)));
  CHECK(contains(text, "of " + std::to_string(capacity_bytes) + " bytes"));
  CHECK(contains(text, "longest free run is " + std::to_string(kChunk)));
  CHECK(contains(text, "arena_bytes"));
  CHECK_THROWS_AS(arena.allocate(~std::size_t{0}), StoreFull);
  arena.free(offset, capacity_bytes - kChunk);
  arena.free(arena.allocate(capacity_bytes), capacity_bytes);
  CHECK(arena.stats().peak_bytes == capacity_bytes);
}

TEST_CASE("what one slot frees another can have, and spare slabs are given up when memory is short") {
  Arena one = make_arena(8 * kMiB);
  Arena other = attach(one, one.segment().path(), 1);
  const std::size_t capacity_bytes = one.stats().capacity_bytes;
  const std::uint64_t offset = one.allocate(capacity_bytes);
  CHECK_THROWS_AS(other.allocate(1), StoreFull);
  one.free(offset, capacity_bytes);
  other.free(other.allocate(1), 1);
  CHECK(other.stats().leased_bytes == kChunk);  // a spare slab
  other.free(other.allocate(capacity_bytes), capacity_bytes);
  CHECK(other.stats().leased_bytes == 0);
}

TEST_CASE("a slot gets again the memory that it freed, whose pages it has mapped") {
  Arena one = make_arena(64 * kMiB);
  Arena other = attach(one, one.segment().path(), 1);
  const std::uint64_t first = one.allocate(5 * kMiB);
  const std::uint64_t second = other.allocate(5 * kMiB);
  const std::uint64_t third = one.allocate(5 * kMiB);
  other.free(second, 5 * kMiB);
  one.free(first, 5 * kMiB);
  one.free(third, 5 * kMiB);
  CHECK(other.allocate(5 * kMiB) == second);
  CHECK(one.allocate(5 * kMiB) == third);
  CHECK(one.allocate(5 * kMiB) == first);
}

TEST_CASE("the chunks of a dead rank are reclaimed") {
  Arena one = make_arena(8 * kMiB);
  CHECK(in_child([&] {
          Arena dying = attach(one, one.segment().path(), 1);
          dying.allocate(6 * kMiB);
          return 0;
        }) == 0);
  CHECK_THROWS_AS(one.allocate(6 * kMiB), StoreFull);
  CHECK(one.reclaim(1) == 6 * kMiB);
  one.allocate(6 * kMiB);
}

TEST_CASE("freeing twice, or another size, ends the process with the reason") {
  Arena arena = make_arena(8 * kMiB);
  auto aborts = [](auto body) {
    return in_child([&] {
             close(2);
             body();
             return 0;
           }) == 100 + SIGABRT;
  };
  const std::uint64_t small = arena.allocate(100);
  const std::uint64_t pages = arena.allocate(100'000);
  CHECK(aborts([&] { arena.free(small, 100), arena.free(small, 100); }));
  CHECK(aborts([&] { arena.free(small, 1000); }));
  CHECK(aborts([&] { arena.free(pages, 100'000), arena.free(pages, 100'000); }));
}

TEST_CASE("only what is leased is backed, and preallocate backs all") {
  Arena arena = make_arena(16 * kMiB);
  CHECK(arena.stats().backed_bytes == 0);
  arena.allocate(10);
  CHECK(arena.stats().backed_bytes == kChunk);
  arena.preallocate();
  CHECK(arena.stats().backed_bytes == arena.stats().capacity_bytes);
}
