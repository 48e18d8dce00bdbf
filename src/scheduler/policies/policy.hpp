// SPDX-License-Identifier: Apache-2.0
// Placement policies: functions of (request, node table) that say where a piece may run now. "Not now"
// differs from "never". They change no worker; only the node table may forget stale entries of its free
// lists.
#pragma once

#include <array>
#include <vector>

#include "scheduler/node_table.hpp"

namespace rankine::scheduler {

struct PlacementRequest {
  ShapeId shape = 0;
  Rank rank = kNoRank;    ///< affinity
  NodeId node = kNoNode;  ///< affinity
  bool soft = false;      ///< elsewhere rather than wait
  Strategy strategy = Strategy::pack;
  std::vector<ShapeId> alternatives;  ///< instead of `shape`, in this order

  std::uint32_t choices() const { return 1 + static_cast<std::uint32_t>(alternatives.size()); }
  ShapeId shape_of(std::uint32_t choice) const { return choice == 0 ? shape : alternatives[choice - 1]; }
  /// Nothing but resources is asked for, in one way.
  bool is_plain() const {
    return rank == kNoRank && node == kNoNode && strategy != Strategy::spread && alternatives.empty();
  }
  friend bool operator==(const PlacementRequest&, const PlacementRequest&) = default;
};

struct Placement {
  enum class Verdict : std::uint8_t { placed, not_now, never };
  Verdict verdict = Verdict::not_now;
  Rank worker = kNoRank;
  std::uint8_t choice = 0;  ///< which shape of the request fits there
};

/// "Pack" keeps idle ranks asleep: the most recently active worker that fits. Never: no live worker could
/// hold the request if it were empty.
inline Placement place_pack(ShapeId shape, NodeTable& nodes) {
  const Rank rank = nodes.most_recent_with_room(shape);
  if (rank != kNoRank) return {Placement::Verdict::placed, rank};
  return {nodes.capable(shape) == 0 ? Placement::Verdict::never : Placement::Verdict::not_now, kNoRank};
}

/// The worker with the fewest pieces, among equals the one on the node with the fewest, then the lowest rank.
/// Walks over all workers: meant for few long tasks.
Placement place_spread(ShapeId shape, const NodeTable& nodes);

/// The wanted rank, or a rank of the wanted node. Never: it is not there, was lost, or nobody there could
/// hold the request.
Placement place_affinity(const PlacementRequest& request, ShapeId shape, const NodeTable& nodes);

/// Where the bytes are that a task needs, of a few nodes.
class ByteTally {
 public:
  void add(NodeId node, std::uint64_t bytes);
  /// The node with the most, if that is `least` or more; else kNoNode.
  NodeId home(std::uint64_t least) const;

 private:
  struct Entry {
    NodeId node = kNoNode;
    std::uint64_t bytes = 0;
  };
  std::array<Entry, 8> entries_;
};

/// A worker of this node that has room. Never said: what is not there now may be elsewhere.
Placement place_local(NodeId node, ShapeId shape, const NodeTable& nodes);

/// The workers of a gang, one a rank: with `placed` all have room now, with `not_now` those that should be
/// kept free for it (empty: even without tasks there are too few). Walks over all workers.
struct GangPlacement {
  Placement::Verdict verdict = Placement::Verdict::not_now;
  std::vector<Rank> workers;
  std::uint32_t capable = 0;  ///< workers (strict_pack: of the best node) that could hold a member if empty
  bool behind_gangs = false;  ///< it will have room when running gangs have ended
};
GangPlacement place_gang(const PlacementRequest& request, ShapeId shape, std::uint32_t ranks,
                         const NodeTable& nodes);
/// Affinity allows a member there. Soft affinity excludes nobody.
bool gang_may_use(const PlacementRequest& request, const Worker& worker);

/// Chooses among the above: the first shape that fits now; never, if none ever can. Soft affinity falls back
/// to the strategy.
Placement place_any(const PlacementRequest& request, NodeTable& nodes);

/// The same; of what nearly all tasks ask for nothing goes through memory.
inline Placement place(const PlacementRequest& request, NodeTable& nodes) {
  return request.is_plain() ? place_pack(request.shape, nodes) : place_any(request, nodes);
}

}  // namespace rankine::scheduler
