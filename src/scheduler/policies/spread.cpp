// SPDX-License-Identifier: Apache-2.0
// Placement "spread": the worker, then the node, with the least in use.
#include <tuple>
#include <vector>

#include "scheduler/policies/policy.hpp"

namespace rankine::scheduler {

Placement place_spread(ShapeId shape, const NodeTable& nodes) {
  if (nodes.capable(shape) == 0) return {Placement::Verdict::never, kNoRank};
  std::vector<std::uint32_t> in_use;  // pieces by node
  const auto load = [](const Worker& worker) {
    return worker.active.size + worker.queued.size + worker.actors;
  };
  for (const Worker& worker : nodes.all()) {
    if (!worker.live || index(worker.node) < 0) continue;
    const auto node = static_cast<std::size_t>(index(worker.node));
    if (node >= in_use.size()) in_use.resize(node + 1);
    in_use[node] += load(worker);
  }
  const Worker* best = nullptr;
  std::tuple<std::uint32_t, std::uint32_t> best_key;
  for (const Worker& worker : nodes.all()) {
    if (!worker.live || !nodes.has_room(worker, shape)) continue;
    const auto node = static_cast<std::size_t>(index(worker.node));
    const std::tuple key(load(worker), index(worker.node) < 0 ? 0u : in_use[node]);
    if (best == nullptr || key < best_key) {
      best = &worker;
      best_key = key;
    }
  }
  if (best == nullptr) return {Placement::Verdict::not_now, kNoRank};
  return {Placement::Verdict::placed, best->rank};
}

}  // namespace rankine::scheduler
