// SPDX-License-Identifier: Apache-2.0
// Who is woken when, seen at the doorbells.
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "catch.hpp"
#include "transport/node.hpp"

namespace rankine::transport {
namespace {

struct alignas(64) Line {
  std::byte bytes[64];
};

/// Two ranks in the memory of this process.
struct Pair {
  std::vector<Line> memory = std::vector<Line>(node_memory_bytes(2) / sizeof(Line));
  std::vector<Doorbell> bells = std::vector<Doorbell>(2);
  std::unique_ptr<RingTransport> ends[2];

  Pair() {
    for (int i = 0; i < 2; ++i) {
      ends[i] = make_node_transport(Rank{i}, 2, Doorbells{bells, {0, 1}},
                                    std::as_writable_bytes(std::span(memory)));
    }
  }
  bool sleeps(int rank) const { return bells[static_cast<std::size_t>(rank)].sleeping.load() != 0; }
};

struct Count final : MailSink {
  void deliver(Rank, std::span<const std::byte>) override { ++messages; }
  int messages = 0;
};

TEST_CASE("a sleeper is woken by what is sent to it, and later where wakes are held", "[transport]") {
  Pair pair;
  pair.bells[1].sleeping = 1;
  pair.ends[0]->append(Rank{1}, 8);
  pair.ends[0]->flush();
  REQUIRE_FALSE(pair.sleeps(1));

  pair.bells[1].sleeping = 1;
  pair.ends[0]->hold_wakes(true);
  pair.ends[0]->append(Rank{1}, 8);
  pair.ends[0]->flush();
  Count nothing;
  pair.ends[0]->poll(nothing);
  REQUIRE(pair.sleeps(1));  // but what was sent is there
  Count two;
  REQUIRE(pair.ends[1]->has_mail());
  REQUIRE(pair.ends[1]->poll(two) == 2);
  REQUIRE_FALSE(pair.ends[1]->has_mail());

  pair.ends[0]->hold_wakes(false);
  pair.ends[0]->flush();  // of nothing new
  REQUIRE_FALSE(pair.sleeps(1));
}

}  // namespace
}  // namespace rankine::transport
