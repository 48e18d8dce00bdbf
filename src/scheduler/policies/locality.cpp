// SPDX-License-Identifier: Apache-2.0
// Placement "locality": near the bytes that a task needs, as long as somebody there has room. It never waits.
#include <algorithm>

#include "scheduler/policies/policy.hpp"

namespace rankine::scheduler {

void ByteTally::add(NodeId node, std::uint64_t bytes) {
  for (Entry& entry : entries_) {
    if (entry.node != node && entry.node != kNoNode) continue;
    entry.node = node;
    entry.bytes += bytes;
    return;
  }
}

NodeId ByteTally::home(std::uint64_t least) const {
  const auto most = std::max_element(entries_.begin(), entries_.end(),
                                     [](const Entry& a, const Entry& b) { return a.bytes < b.bytes; });
  return most->bytes >= least ? most->node : kNoNode;
}

Placement place_local(NodeId node, ShapeId shape, const NodeTable& nodes) {
  for (const Rank rank : nodes.on_node(node)) {
    const Worker& worker = nodes.worker(rank);
    if (worker.live && nodes.has_room(worker, shape)) return {Placement::Verdict::placed, rank, 0};
  }
  return {};
}

}  // namespace rankine::scheduler
