// SPDX-License-Identifier: Apache-2.0
// Placement by affinity to a rank or a node, and the choice of the policy.
#include "scheduler/policies/policy.hpp"

namespace rankine::scheduler {

namespace {

Placement place_on_rank(const PlacementRequest& request, const NodeTable& nodes) {
  if (!nodes.known(request.rank)) return {};  // it may still join
  const Worker& worker = nodes.worker(request.rank);
  if (!worker.live || !worker.total.fits(nodes.demand(request.shape)))
    return {Placement::Verdict::never, kNoRank};
  if (!nodes.fits(worker, request.shape)) return {};
  return {Placement::Verdict::placed, request.rank};
}

}  // namespace

Placement place_affinity(const PlacementRequest& request, const NodeTable& nodes) {
  if (request.rank != kNoRank) return place_on_rank(request, nodes);
  const std::vector<Rank>& ranks = nodes.on_node(request.node);
  if (ranks.empty()) return {};  // nobody of this node has joined yet
  bool capable = false;
  for (const Rank rank : ranks) {
    const Worker& worker = nodes.worker(rank);
    if (!worker.live || !worker.total.fits(nodes.demand(request.shape))) continue;
    capable = true;
    if (nodes.fits(worker, request.shape)) return {Placement::Verdict::placed, rank};
  }
  return {capable ? Placement::Verdict::not_now : Placement::Verdict::never, kNoRank};
}

Placement place(const PlacementRequest& request, NodeTable& nodes) {
  if (request.rank != kNoRank || request.node != kNoNode) {
    const Placement wanted = place_affinity(request, nodes);
    if (wanted.verdict == Placement::Verdict::placed || !request.soft) return wanted;
  }
  if (request.strategy == Strategy::spread) return place_spread(request, nodes);
  return place_pack(request, nodes);
}

}  // namespace rankine::scheduler
