// SPDX-License-Identifier: Apache-2.0
// The table of leases: whose chunks are whose, where the next run comes from, and a holder of its mutex that
// dies.
#include <rankine/core/error.hpp>

#include "store/chunk_table.hpp"
#include "store/segment.hpp"
#include "store_test.hpp"

using namespace rankine;
using rankine_test::in_child;

namespace {

struct TableInMemory {
  explicit TableInMemory(std::uint32_t count) : segment(Segment::create(ChunkTable::bytes(count))) {
    segment.reserve(0, segment.capacity_bytes());
  }
  Segment segment;
};

constexpr std::uint32_t kAnywhere = 1'000'000;

}  // namespace

TEST_CASE("runs are leased, given back and leased again to who had them") {
  TableInMemory memory(10);
  ChunkTable table = ChunkTable::format(memory.segment.data(), 10, 65536);
  const auto first = table.lease(0, 4, kAnywhere);
  const auto second = table.lease(1, 4, kAnywhere);
  REQUIRE((first && second));
  CHECK(first->first == 0);
  CHECK(second->first == 4);
  CHECK_FALSE(table.lease(0, 3, kAnywhere));
  CHECK(table.usage().leased == 8);
  CHECK(table.usage().longest_run == 2);

  table.give_back(0, *first);
  table.give_back(1, *second);
  CHECK(table.lease(1, 2, kAnywhere)->first == 4);  // had it last
  CHECK(table.lease(0, 1, 3)->first == 3);          // near what it asked for
  CHECK(table.lease(0, 1, 3)->first == 0);          // which is taken now
}

TEST_CASE("the chunks of a dead slot are reclaimed, others stay") {
  TableInMemory memory(6);
  ChunkTable table = ChunkTable::format(memory.segment.data(), 6, 65536);
  table.lease(0, 2, kAnywhere);
  table.lease(1, 3, kAnywhere);
  CHECK(table.reclaim(1) == 3);
  CHECK(table.reclaim(1) == 0);
  CHECK(table.usage().leased == 2);
  CHECK(table.lease(2, 4, kAnywhere)->first == 2);
}

TEST_CASE("backing is remembered for the life of the arena") {
  TableInMemory memory(6);
  ChunkTable table = ChunkTable::format(memory.segment.data(), 6, 65536);
  table.set_backed({1, 2});
  bool backed = true;
  CHECK(table.backing({0, 6}, backed).count == 1);
  CHECK_FALSE(backed);
  CHECK(table.backing({1, 5}, backed).count == 2);
  CHECK(backed);
  CHECK(table.usage().backed == 2);
}

TEST_CASE("attaching to memory without a table is an error in words") {
  TableInMemory memory(6);
  CHECK_THROWS_AS(ChunkTable::attach(memory.segment.memory()), SystemError);
  ChunkTable::format(memory.segment.data(), 6, 65536);
  CHECK(ChunkTable::attach(memory.segment.memory()).count() == 6);
  CHECK_THROWS_AS(ChunkTable::attach(memory.segment.memory().first(256)), SystemError);
}

TEST_CASE("a holder of the mutex that dies does not stop the others") {
  TableInMemory memory(4);
  ChunkTable table = ChunkTable::format(memory.segment.data(), 4, 65536);
  for (int round = 0; round < 3; ++round) {
    CHECK(in_child([&] {
            const ChunkTable::Guard guard(table);
            _exit(7);
            return 0;
          }) == 7);
    const auto run = table.lease(0, 4, kAnywhere);
    REQUIRE(run);
    table.give_back(0, *run);
  }
}

TEST_CASE("giving back what another slot has leased ends the process with the reason") {
  TableInMemory memory(4);
  ChunkTable table = ChunkTable::format(memory.segment.data(), 4, 65536);
  const auto run = table.lease(0, 1, kAnywhere);
  CHECK(in_child([&] {
          close(2);
          table.give_back(1, *run);
          return 0;
        }) == 100 + SIGABRT);
}
