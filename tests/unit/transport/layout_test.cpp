// SPDX-License-Identifier: Apache-2.0
#include "transport/layout.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <rankine/core/error.hpp>

#include "catch.hpp"

namespace rankine::transport {
namespace {

std::size_t node_bytes(const Layout& layout, int ranks_on_node) {
  std::size_t bytes = layout.bytes(kHead);
  if (layout.ranks > 1) bytes += static_cast<std::size_t>(ranks_on_node - 1) * layout.bytes(Rank{1});
  return bytes;
}

TEST_CASE("parts of a window are aligned and do not overlap", "[transport]") {
  for (const int ranks : {1, 2, 3, 9, 100}) {
    const Layout layout = choose_layout(ranks, std::min(ranks, 8), {});
    for (const int i : {0, ranks - 1}) {
      const Rank owner{i};
      std::vector<std::pair<std::size_t, std::size_t>> parts{{layout.claims_offset(), 8}};
      for (int r = 0; r < ranks; ++r) parts.emplace_back(layout.credit_offset(Rank{r}), 8);
      for (int slot = 0; slot < layout.slots(owner); ++slot) {
        parts.emplace_back(layout.owner_offset(slot), 8);
        parts.emplace_back(layout.tail_offset(owner, slot), 8);
        parts.emplace_back(layout.ring_offset(owner, slot), layout.ring_bytes);
        REQUIRE(layout.ring_offset(owner, slot) % 64 == 0);
        REQUIRE(layout.tail_offset(owner, slot) < layout.control_bytes(owner));
      }
      std::sort(parts.begin(), parts.end());
      for (std::size_t p = 0; p < parts.size(); ++p) {
        REQUIRE(parts[p].first % 8 == 0);
        const std::size_t end = p + 1 < parts.size() ? parts[p + 1].first : layout.bytes(owner);
        REQUIRE(parts[p].first + parts[p].second <= end);
      }
    }
  }
}

TEST_CASE("rings fit the budget of a node whatever the rank count", "[transport]") {
  const RingLimits limits;
  for (const int ranks : {1, 2, 3, 8, 64, 128, 1000, 4096, 20'000}) {
    for (const int on_node : {1, 8, 64, 128, 256}) {
      if (on_node > ranks) continue;
      const Layout layout = choose_layout(ranks, on_node, limits);
      INFO(ranks << " ranks, " << on_node << " on a node: rings of " << layout.ring_bytes << ", "
                 << layout.spares);
      REQUIRE(node_bytes(layout, on_node) <= limits.node_budget_bytes);
      REQUIRE(layout.ring_bytes >= limits.ring_bytes_min);
      REQUIRE(layout.ring_bytes <= limits.ring_bytes_max);
      REQUIRE(layout.spares <= std::max(0, ranks - 2));
    }
  }
  REQUIRE(choose_layout(4096, 64, limits).bytes(kHead) <= std::size_t{257} << 20);  // inboxes: 256 MiB
  REQUIRE(choose_layout(8, 8, limits).ring_bytes == limits.ring_bytes_max);
  REQUIRE(choose_layout(8, 8, limits).spares == 6);
}

TEST_CASE("a budget that cannot be met is an error that names it", "[transport]") {
  RingLimits limits;
  limits.node_budget_bytes = 1 << 20;
  REQUIRE_THROWS_AS(choose_layout(4096, 64, limits), InputError);
  limits = {};
  limits.ring_bytes_max = 100'000;  // not a power of two
  REQUIRE_THROWS_AS(choose_layout(2, 2, limits), InputError);
}

}  // namespace
}  // namespace rankine::transport
