// SPDX-License-Identifier: Apache-2.0
// Placement of gangs: all members at once, one a rank. "pack" fills the nodes with the most room first,
// "spread" takes one worker of each node in turn, "strict_pack" stays on one node. It reserves nothing.
#include <algorithm>
#include <map>

#include "scheduler/policies/policy.hpp"

namespace rankine::scheduler {

namespace {

struct NodeRoom {
  std::vector<const Worker*> now;    ///< have room
  std::vector<const Worker*> later;  ///< will have room when their tasks have ended
  std::uint32_t after_gangs = 0;
  std::uint32_t capable = 0;

  void add(const NodeRoom& other) {
    after_gangs += other.after_gangs;
    capable += other.capable;
  }
  std::size_t open() const { return now.size() + later.size(); }
};

std::map<std::int32_t, NodeRoom> look(const PlacementRequest& request, ShapeId shape,
                                      const NodeTable& nodes) {
  std::map<std::int32_t, NodeRoom> rooms;
  for (const Worker& worker : nodes.all()) {
    if (!worker.live || !gang_may_use(request, worker)) continue;
    NodeRoom& room = rooms[index(worker.node)];
    room.capable += worker.total.fits(nodes.demand(shape)) ? 1 : 0;
    room.after_gangs += nodes.could_hold(worker, shape, true) ? 1 : 0;
    if (!nodes.could_hold(worker, shape, false)) continue;
    (nodes.fits(worker, shape) ? room.now : room.later).push_back(&worker);
  }
  for (auto& [node, room] : rooms) {
    std::stable_sort(room.later.begin(), room.later.end(),
                     [](const Worker* a, const Worker* b) { return a->load < b->load; });
  }
  return rooms;
}

using Workers = std::vector<const Worker*> NodeRoom::*;

/// Node after node.
void take_packed(const std::vector<const NodeRoom*>& rooms, Workers which, std::uint32_t ranks,
                 std::vector<Rank>& chosen) {
  for (const NodeRoom* room : rooms) {
    for (const Worker* worker : room->*which) {
      if (chosen.size() < ranks) chosen.push_back(worker->rank);
    }
  }
}

/// One worker of each node in turn.
void take_spread(const std::vector<const NodeRoom*>& rooms, Workers which, std::uint32_t ranks,
                 std::vector<Rank>& chosen) {
  bool some = true;
  for (std::size_t i = 0; some && chosen.size() < ranks; ++i) {
    some = false;
    for (const NodeRoom* room : rooms) {
      if (i >= (room->*which).size()) continue;
      some = true;
      if (chosen.size() < ranks) chosen.push_back((room->*which)[i]->rank);
    }
  }
}

}  // namespace

bool gang_may_use(const PlacementRequest& request, const Worker& worker) {
  if (request.soft) return true;
  if (request.rank != kNoRank && request.rank != worker.rank) return false;
  return request.node == kNoNode || request.node == worker.node;
}

GangPlacement place_gang(const PlacementRequest& request, ShapeId shape, std::uint32_t ranks,
                         const NodeTable& nodes) {
  const bool one_node = request.strategy == Strategy::strict_pack;
  const std::map<std::int32_t, NodeRoom> rooms = look(request, shape, nodes);
  GangPlacement answer;
  std::vector<const NodeRoom*> order;
  std::size_t open = 0;
  NodeRoom all;
  for (const auto& [node, room] : rooms) {
    answer.behind_gangs |= one_node && room.after_gangs >= ranks;
    answer.capable = std::max(answer.capable, room.capable);
    all.add(room);
    if (one_node && room.open() < ranks) continue;
    open += room.open();
    order.push_back(&room);
  }
  if (!one_node) {
    answer.capable = all.capable;
    answer.behind_gangs = all.after_gangs >= ranks;
  }
  if (answer.capable < ranks) {
    answer.verdict = Placement::Verdict::never;
    return answer;
  }
  if (open < ranks) return answer;
  std::stable_sort(order.begin(), order.end(),
                   [](const NodeRoom* a, const NodeRoom* b) { return a->now.size() > b->now.size(); });
  if (one_node) order.resize(1);
  const auto take = request.strategy == Strategy::spread ? take_spread : take_packed;
  take(order, &NodeRoom::now, ranks, answer.workers);
  if (answer.workers.size() == ranks) answer.verdict = Placement::Verdict::placed;
  take(order, &NodeRoom::later, ranks, answer.workers);
  return answer;
}

}  // namespace rankine::scheduler
