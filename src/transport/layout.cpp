// SPDX-License-Identifier: Apache-2.0
#include "transport/layout.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>

namespace rankine::transport {
namespace {

std::size_t node_bytes(const Layout& layout, int ranks_on_node) {
  const std::size_t worker_bytes = layout.ranks > 1 ? layout.bytes(Rank{1}) : 0;
  return layout.bytes(kHead) + static_cast<std::size_t>(ranks_on_node - 1) * worker_bytes;
}

}  // namespace

void check_ring_limits(const RingLimits& limits) {
  if (!std::has_single_bit(limits.ring_bytes_min) || !std::has_single_bit(limits.ring_bytes_max) ||
      limits.ring_bytes_min < 256 || limits.ring_bytes_max < limits.ring_bytes_min ||
      limits.ring_bytes_max > (std::size_t{1} << 26) || limits.spare_rings_max < 0) {
    throw InputError(
        "ring sizes must be powers of two, 256 <= ring_bytes_min <= ring_bytes_max <= 64 MiB, and "
        "spare_rings_max >= 0");
  }
}

Layout choose_layout(int ranks, int ranks_on_node, const RingLimits& limits) {
  check(ranks >= 1 && ranks_on_node >= 1 && ranks_on_node <= ranks,
        "a layout needs 1 <= ranks on a node <= ranks");
  check_ring_limits(limits);
  Layout layout;
  layout.ranks = ranks;
  layout.ring_bytes = limits.ring_bytes_max;
  const auto too_large = [&] {
    return layout.bytes(kHead) > limits.node_budget_bytes / 4 ||
           node_bytes(layout, ranks_on_node) > limits.node_budget_bytes;
  };
  while (layout.ring_bytes > limits.ring_bytes_min && too_large()) layout.ring_bytes /= 2;
  const std::size_t needed_bytes = node_bytes(layout, ranks_on_node);
  if (needed_bytes > limits.node_budget_bytes) {
    throw InputError("the message rings of " + std::to_string(ranks) + " ranks (" +
                     std::to_string(ranks_on_node) + " on a node) need " + std::to_string(needed_bytes) +
                     " bytes on the head's node, the budget is " + std::to_string(limits.node_budget_bytes) +
                     ": start fewer ranks with more CPUs each, or raise the ring budget");
  }
  if (ranks > 2) {
    // A spare ring costs its bytes and two control words, each rounded up to a line in the worst case.
    const std::size_t spare_bytes = layout.ring_bytes + 128;
    const std::size_t room_bytes = limits.node_budget_bytes - needed_bytes;
    const std::size_t fit = room_bytes / spare_bytes / static_cast<std::size_t>(ranks_on_node);
    layout.spares = static_cast<int>(std::min(
        {fit, static_cast<std::size_t>(ranks - 2), static_cast<std::size_t>(limits.spare_rings_max)}));
  }
  return layout;
}

}  // namespace rankine::transport
