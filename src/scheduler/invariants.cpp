// SPDX-License-Identifier: Apache-2.0
// One walk over all tables that names the first thing which does not add up. Called after every step in
// tests. Workers are looked at in invariants_workers.cpp.
#include <algorithm>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

namespace {

std::string about(const Group& group, const std::string& what) {
  return "group " + std::to_string(number(group.first)) + ": " + what;
}

}  // namespace

/// Elements of an actor, a gang or a promise that are under way: no piece tells of them.
std::uint32_t State::on_record(const Group& group) const {
  bool under_way = group.kind == Kind::promise;
  if (group.kind == Kind::actor) under_way = actors[rare(group).extra].worker != kNoRank;
  if (group.kind == Kind::gang) {
    const GangState state = gangs[rare(group).extra].state;
    under_way = state >= GangState::preparing && state != GangState::ended;
  }
  return under_way ? group.count - group.ended : 0;
}

/// Every element of a task is in exactly one place: undispatched, in one piece, or ended.
std::string State::broken_elements(const Group& group) const {
  std::vector<std::uint8_t> seen(group.count);
  std::uint64_t in_place = group.count - group.cursor;
  std::uint32_t returned = 0;
  for (Index at = group.pieces; at != kNone; at = pieces[at].sibling_next) {
    const Piece& piece = pieces[at];
    if (&groups[piece.group] != &group) return "a piece of another group is among the siblings";
    if (piece.count == 0 || piece.element + piece.count > group.cursor) return "bounds of a piece";
    for (std::uint32_t i = 0; i < piece.count; ++i) {
      if (seen[piece.element + i]++ != 0) return "an element is in two pieces";
      if (!pending(group, piece.element + i)) return "an ended element is in a piece";
    }
    in_place += piece.count;
    returned += piece.state == PieceState::returned ? 1 : 0;
    if (piece.state != PieceState::returned && !nodes.live(piece.worker))
      return "a piece is on a lost worker";
  }
  for (Index at = rare(group).returned; at != kNone; at = pieces[at].next, --returned) {
    if (pieces[at].state != PieceState::returned) return "a piece on a worker is among the returned";
  }
  if (returned != 0) return "number of returned pieces";
  std::uint32_t ended = 0;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    if (!pending(group, i)) {
      ++ended;
    } else if (i < group.cursor && seen[i] == 0 && on_record(group) == 0) {
      return "an element is nowhere";
    }
  }
  if (ended != group.ended) return "number of ended elements";
  in_place += on_record(group);
  return in_place + ended == group.count ? "" : "elements do not add up";
}

/// What does not add up in a live group itself, whoever refers to it.
std::string State::broken_group(Index index) const {
  const Group& group = groups[index];
  if (ids.find(group.first).group != index) return "its id leads elsewhere";
  if (std::string broken = broken_elements(group); !broken.empty()) return broken;
  const bool in_lane = (group.flags & kInLane) != 0;
  const bool late = (group.flags & kLate) != 0;
  if (late && in_lane) return "is in a lane and set aside";
  if (in_lane != (group.waiting == 0 && has_undispatched(group) && !late)) return "its place in the lane";
  if (group.ended == group.count && !referenced(group)) return "nobody needs it, but it is not freed";
  const bool has_values = group.kind == Kind::put || group.kind == Kind::promise;
  if (group.ended < group.count && !has_values && (group.flags & kHasArguments) == 0)
    return "arguments are gone before the end";
  if (group.kind == Kind::actor) return broken_actor(index);
  return group.kind == Kind::gang ? broken_gang(index) : "";
}

std::string State::broken_loans() const {
  for (const auto& [key, count] : loans) {
    const Group& group = groups[key.group];
    if (count == 0 || (group.flags & kLive) == 0 || (group.flags & kLoans) == 0) return "a loan of nothing";
    if (nodes.lost(key.to)) return "a loan to a lost rank";
  }
  return "";
}

/// Adds what one live group refers to: its arguments, what is inside its results, what waits for them, and
/// who holds it.
void State::add_references(const Group& group, References& to) const {
  for (Index link = group.arguments; link != kNone; link = links[link].next) ++to.pins[links[link].target];
  for (Index link = rare(group).inside; link != kNone; link = links[link].next) ++to.pins[links[link].target];
  for (std::uint32_t i = 0; i < group.count; ++i) {
    const Result* end = find_result(group, i);
    if (end == nullptr || end->state != ObjectState::pending) continue;
    for (Index link = static_cast<Index>(end->payload); link != kNone; link = links[link].next) {
      if (!links[link].wants) ++to.waits[links[link].target];
    }
  }
  if (group.holder != kNoRank) ++to.held[static_cast<std::size_t>(index_of(group.holder))];
  if (rare(group).holder_set == kNone) return;
  for (const Rank rank : holder_sets[rare(group).holder_set])
    ++to.held[static_cast<std::size_t>(index_of(rank))];
}

/// The counts of pins, waits and holders are those of the links, loans and holders that there are.
std::string State::broken_references() const {
  References found;
  found.held.resize(held_by_rank.size());
  for (Index index = 0; index < groups.bound(); ++index) {
    if ((groups[index].flags & kLive) != 0) add_references(groups[index], found);
  }
  for (Index at = 0; at < gangs.bound(); ++at) {
    if (gangs[at].group == kNone) continue;
    for (Index link = gangs[at].inside; link != kNone; link = links[link].next)
      ++found.pins[links[link].target];
  }
  for (const auto& [key, count] : loans) {
    if (count > 0) ++found.pins[key.group];
  }
  for (Index index = 0; index < groups.bound(); ++index) {
    const Group& group = groups[index];
    if (group.flags == 0) continue;
    if ((group.flags & kLive) != 0 && group.pins != found.pins[index]) return about(group, "number of pins");
    if (group.waiting != found.waits[index]) return about(group, "number of waits");
  }
  return found.held == held_by_rank ? "" : "number of groups held by a rank";
}

std::string State::broken_groups() const {
  std::uint64_t objects = 0;
  std::uint64_t ready = 0;
  std::uint64_t waiting = 0;
  std::uint64_t in_lanes = 0;
  std::uint64_t own_rares = 0;
  for (Index index = 0; index < groups.bound(); ++index) {
    const Group& group = groups[index];
    if ((group.flags & kLive) == 0) continue;
    if (std::string broken = broken_group(index); !broken.empty()) return about(group, broken);
    objects += group.count;
    (group.waiting > 0 ? waiting : ready) += undispatched(group);
    own_rares += group.rare != 0 ? 1 : 0;
    in_lanes += (group.flags & kInLane) != 0 ? 1 : 0;
  }
  if (std::string broken = broken_loans(); !broken.empty()) return broken;
  if (std::string broken = broken_references(); !broken.empty()) return broken;
  if (own_rares + 1 != rares.live()) return "number of rare records";
  if (objects != totals.live_objects) return "number of live objects";
  if (ready != totals.ready || waiting != totals.waiting) return "number of ready or waiting elements";
  return in_lanes + restarting.size() == ready_groups ? "" : "number of ready groups";
}

/// Every pending promise is in the list, and its owner lives.
std::string State::broken_promises() const {
  std::uint64_t is_pending = 0;
  for (Index index = 0; index < groups.bound(); ++index) {
    const Group& group = groups[index];
    is_pending += (group.flags & kLive) != 0 && group.kind == Kind::promise && group.ended == 0 ? 1 : 0;
  }
  Index previous = kNone;
  for (Index at = promises; at != kNone; at = groups[at].lane_next, --is_pending) {
    const Group& group = groups[at];
    if (group.kind != Kind::promise || group.ended != 0) return about(group, "is no pending promise");
    if (group.lane_previous != previous) return "links of promises";
    if (nodes.lost(group.submitter)) return about(group, "is pending, its owner lost");
    previous = at;
  }
  return is_pending == 0 ? "" : "number of pending promises";
}

/// An actor is in the state that its group and its worker say.
std::string State::broken_actor(Index index) const {
  const Group& group = groups[index];
  const Actor& actor = actors[rare(group).extra];
  const bool is_pending = pending(group, 0);
  const bool ready = (group.flags & kInLane) != 0;
  const bool restarts = std::count(restarting.begin(), restarting.end(), index) == 1;
  const bool placed = actor.state == ActorState::starting || actor.state == ActorState::alive;
  if (actor.group != index) return "an actor's record leads elsewhere";
  if (placed != (actor.worker != kNoRank)) return "an actor's worker";
  if (placed && !nodes.live(actor.worker)) return "an actor is on a lost worker";
  if ((actor.state == ActorState::placing) != ready) return "an actor's place in the lane";
  if ((actor.state == ActorState::restarting) != restarts) return "an actor among those that restart";
  if (actor.state == ActorState::alive && is_pending) return "an actor is alive, its handle pending";
  if (actor.state == ActorState::dead && (is_pending || actor.checkpoint.payload != kNoPayload))
    return "a dead actor has a pending handle or a checkpoint";
  if (actor.state != ActorState::dead && (group.flags & kHasArguments) == 0)
    return "arguments of an actor are gone before its death";
  return {};
}

/// A gang is in the state that its group and its members say.
std::string State::broken_gang(Index index) const {
  const Group& group = groups[index];
  const Gang& gang = gangs[rare(group).extra];
  const bool ready = (group.flags & kInLane) != 0;
  if (gang.group != index) return "a gang's record leads elsewhere";
  if ((gang.state == GangState::room) != ready) return "a gang's place in the lane";
  if ((gang.state == GangState::ended) != (group.ended == group.count)) return "a gang's end";
  const bool placed = gang.state == GangState::preparing || gang.state == GangState::running ||
                      gang.state == GangState::broken;
  if (!placed && !gang.members.empty()) return "a gang that is not placed has members";
  if (placed && gang.members.size() != gang.ranks) return "number of members";
  std::uint32_t out = 0;
  for (std::uint32_t i = 0; placed && i < gang.ranks; ++i) {
    if (i > 0 && !(gang.members[i - 1].rank < gang.members[i].rank)) return "two members on a rank";
    out += gang.members[i].state == GangMember::State::out ? 1 : 0;
  }
  if (placed && (out != gang.out || out == gang.ranks)) return "number of members that have left";
  if (!placed && (!gang.values.empty() || gang.inside != kNone || gang.error.payload != kNoPayload))
    return "a gang keeps a value of an attempt that is over";
  return {};
}

std::string State::broken_front() const {
  if (front.lane == kNone) return front.workers.empty() ? "" : "nobody in front keeps workers";
  if (front.group == kNone) {
    if (lanes[front.lane].head == kNone) return "a lane in front is empty";
    if (lanes[front.lane].kind == Kind::gang) return "gangs are in front, none by name";
  } else {
    const Group& group = groups[front.group];
    if ((group.flags & kLive) == 0 || lane_id(group) != front.lane) return "what is in front is none";
    if (group.kind == Kind::gang && gangs[rare(group).extra].state != GangState::room)
      return about(group, "is in front, but does not wait for room");
    if (group.kind == Kind::actor && actors[rare(group).extra].state != ActorState::restarting)
      return about(group, "is in front, but does not wait for a worker");
  }
  if (front.workers.empty()) return front.secured == 0 ? "" : "number of secured workers";
  if (front.workers.size() != front.ranks) return "not as many workers are kept as were asked for";
  for (std::uint32_t i = 0; i < front.ranks; ++i) {
    const Worker& worker = nodes.worker(front.workers[i]);
    if (!worker.live || worker.reserve_position != i) return "a kept worker";
    if (nodes.covers(worker, front.shape) != (i < front.secured)) return "a secured worker";
  }
  return front.secured < front.ranks ? "" : "who is in front has its room, but was not placed";
}

std::string State::broken_lanes() const {
  std::uint64_t in_lanes = 0;
  for (LaneId id = 0; id < lanes.size(); ++id) {
    const Lane& lane = lanes[id];
    Index previous = kNone;
    for (Index at = lane.head; at != kNone; at = groups[at].lane_next, ++in_lanes) {
      if (groups[at].lane_previous != previous || (groups[at].flags & kInLane) == 0) return "links of a lane";
      if (lane_id(groups[at]) != id) return about(groups[at], "is in another's lane");
      previous = at;
    }
    if (lane.tail != previous) return "tail of a lane";
    previous = kNone;
    for (Index at = lane.room_head; at != kNone;) {
      const Worker& worker = nodes.worker(Rank{static_cast<std::int32_t>(at)});
      if (worker.room_previous != previous || worker.room_lane != id) return "links of workers with room";
      previous = at;
      at = worker.room_next;
    }
    if (lane.room_tail != previous) return "tail of workers with room";
  }
  return in_lanes + restarting.size() == ready_groups ? "" : "number of groups in lanes";
}

std::string State::broken_invariant() const {
  if (!firings.empty() || !ended_spans.empty() || !to_free.empty()) return "work is left over after an event";
  for (std::string broken : {broken_groups(), broken_workers(), broken_lanes(), broken_front(),
                             broken_promises(), nodes.broken_invariant()}) {
    if (!broken.empty()) return broken;
  }
  std::uint64_t lineage = 0;
  for (Index at = lineage_head; at != kNone; at = groups[at].lane_next) lineage += groups[at].lineage;
  if (lineage != lineage_bytes || lineage > limits.lineage_bytes) return "bytes kept for lineage";
  const Counts& counts = totals;
  const std::uint64_t known =
      counts.waiting + counts.ready + counts.assigned + counts.finished + counts.failed + counts.cancelled;
  return known == counts.submitted ? "" : "tasks do not add up to what was submitted";
}

}  // namespace rankine::scheduler
