// SPDX-License-Identifier: Apache-2.0
// Placement "pack": keeps idle ranks asleep by choosing the worker that was active last.
#include "scheduler/policies/policy.hpp"

namespace rankine::scheduler {

Placement place_pack(ShapeId shape, NodeTable& nodes) {
  const Rank rank = nodes.most_recent_with_room(shape);
  if (rank != kNoRank) return {Placement::Verdict::placed, rank};
  return {nodes.capable(shape) == 0 ? Placement::Verdict::never : Placement::Verdict::not_now, kNoRank};
}

}  // namespace rankine::scheduler
