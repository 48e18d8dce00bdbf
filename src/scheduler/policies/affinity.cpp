// SPDX-License-Identifier: Apache-2.0
// Placement by affinity to a rank or a node, and the choice of the policy and of the alternative.
#include "scheduler/policies/policy.hpp"

namespace rankine::scheduler {

namespace {

Placement place_on_rank(Rank rank, ShapeId shape, const NodeTable& nodes) {
  if (!nodes.live(rank) || !nodes.worker(rank).total.fits(nodes.demand(shape)))
    return {Placement::Verdict::never, kNoRank};
  if (!nodes.has_room(nodes.worker(rank), shape)) return {};
  return {Placement::Verdict::placed, rank};
}

Placement place_shape(const PlacementRequest& request, ShapeId shape, NodeTable& nodes) {
  if (request.rank != kNoRank || request.node != kNoNode) {
    const Placement wanted = place_affinity(request, shape, nodes);
    if (wanted.verdict == Placement::Verdict::placed || !request.soft) return wanted;
  }
  if (request.strategy == Strategy::spread) return place_spread(shape, nodes);
  return place_pack(shape, nodes);
}

}  // namespace

Placement place_affinity(const PlacementRequest& request, ShapeId shape, const NodeTable& nodes) {
  if (request.rank != kNoRank) return place_on_rank(request.rank, shape, nodes);
  bool capable = false;
  for (const Rank rank : nodes.on_node(request.node)) {
    const Worker& worker = nodes.worker(rank);
    if (!worker.live || !worker.total.fits(nodes.demand(shape))) continue;
    capable = true;
    if (nodes.has_room(worker, shape)) return {Placement::Verdict::placed, rank};
  }
  return {capable ? Placement::Verdict::not_now : Placement::Verdict::never, kNoRank};
}

Placement place_any(const PlacementRequest& request, NodeTable& nodes) {
  Placement answer = place_shape(request, request.shape, nodes);
  for (std::uint32_t choice = 1; choice < request.choices(); ++choice) {
    if (answer.verdict == Placement::Verdict::placed) break;
    Placement other = place_shape(request, request.shape_of(choice), nodes);
    if (other.verdict == Placement::Verdict::never) continue;
    other.choice = static_cast<std::uint8_t>(choice);
    answer = other;
  }
  return answer;
}

}  // namespace rankine::scheduler
