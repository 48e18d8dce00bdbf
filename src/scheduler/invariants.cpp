// SPDX-License-Identifier: Apache-2.0
// One walk over all tables that names the first thing which does not add up. Called after every step in
// tests.
#include <algorithm>
#include <map>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

namespace {

std::string about(const Group& group, const char* what) {
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

std::string State::broken_groups() const {
  std::uint64_t objects = 0;
  std::uint64_t ready = 0;
  std::uint64_t waiting = 0;
  std::uint64_t in_lanes = 0;
  std::uint64_t own_rares = 0;
  std::map<Index, std::uint32_t> pins;
  std::map<Index, std::uint32_t> waits;
  std::vector<std::uint32_t> held(held_by_rank.size());
  for (Index index = 0; index < groups.bound(); ++index) {
    const Group& group = groups[index];
    if ((group.flags & kLive) == 0) continue;
    objects += group.count;
    if (ids.find(group.first).group != index) return about(group, "its id leads elsewhere");
    if (std::string broken = broken_elements(group); !broken.empty()) return about(group, broken.c_str());
    (group.waiting > 0 ? waiting : ready) += undispatched(group);
    own_rares += group.rare != 0 ? 1 : 0;
    const bool in_lane = (group.flags & kInLane) != 0;
    in_lanes += in_lane ? 1 : 0;
    const bool late = (group.flags & kLate) != 0;
    if (late && in_lane) return about(group, "is in a lane and set aside");
    if (in_lane != (group.waiting == 0 && has_undispatched(group) && !late))
      return about(group, "its place in the lane");
    if (group.ended == group.count && !referenced(group))
      return about(group, "nobody needs it, but it is not freed");
    if (std::string broken = broken_collective(index); !broken.empty()) return about(group, broken.c_str());
    if (group.ended < group.count && group.kind != Kind::put && group.kind != Kind::promise &&
        (group.flags & kHasArguments) == 0) {
      return about(group, "arguments are gone before the end");
    }
    for (Index link = group.arguments; link != kNone; link = links[link].next) ++pins[links[link].target];
    for (Index link = rare(group).inside; link != kNone; link = links[link].next) ++pins[links[link].target];
    for (std::uint32_t i = 0; i < group.count; ++i) {
      const Result* end = find_result(group, i);
      if (end == nullptr || end->state != ObjectState::pending) continue;
      for (Index link = static_cast<Index>(end->payload); link != kNone; link = links[link].next) {
        if (!links[link].wants) ++waits[links[link].target];
      }
    }
    if (group.holder != kNoRank) ++held[static_cast<std::size_t>(index_of(group.holder))];
    if (rare(group).holder_set == kNone) continue;
    for (const Rank rank : holder_sets[rare(group).holder_set])
      ++held[static_cast<std::size_t>(index_of(rank))];
  }
  for (Index at = 0; at < gangs.bound(); ++at) {
    if (gangs[at].group == kNone) continue;
    for (Index link = gangs[at].inside; link != kNone; link = links[link].next) ++pins[links[link].target];
  }
  for (const auto& [key, count] : loans) {
    if (count == 0 || (groups[key.group].flags & kLive) == 0 || (groups[key.group].flags & kLoans) == 0)
      return "a loan of nothing";
    if (nodes.lost(key.to)) return "a loan to a lost rank";
    if (count > 0) ++pins[key.group];
  }
  for (Index index = 0; index < groups.bound(); ++index) {
    const Group& group = groups[index];
    if (group.flags == 0) continue;
    if ((group.flags & kLive) != 0 && group.pins != pins[index]) return about(group, "number of pins");
    if (group.waiting != waits[index]) return about(group, "number of waits");
  }
  if (own_rares + 1 != rares.live()) return "number of rare records";
  if (objects != totals.live_objects) return "number of live objects";
  if (ready != totals.ready || waiting != totals.waiting) return "number of ready or waiting elements";
  if (in_lanes + restarting.size() != ready_groups) return "number of ready groups";
  return held == held_by_rank ? "" : "number of groups held by a rank";
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

/// An actor or a gang is in the state that its group and its worker say.
std::string State::broken_collective(Index index) const {
  const Group& group = groups[index];
  const bool ready = (group.flags & kInLane) != 0;
  if (group.kind == Kind::actor) {
    const Actor& actor = actors[rare(group).extra];
    const bool is_pending = pending(group, 0);
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
  if (group.kind != Kind::gang) return {};
  const Gang& gang = gangs[rare(group).extra];
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

State::KeptByRank State::list_places() const {
  KeptByRank kept;
  for (Index at = 0; at < actors.bound(); ++at) {
    const Actor& actor = actors[at];
    if (actor.group == kNone || actor.worker == kNoRank) continue;
    Kept& here = kept[actor.worker];
    const Demand& keeps = nodes.demand(actor.shape);
    for (std::size_t i = 0; i < keeps.base.size(); ++i) here.places.actors.base[i] += keeps.base[i];
    here.places.actors.base[kPiecesAtOnce] = 0;
    ++here.count;
  }
  for (Index at = 0; at < gangs.bound(); ++at) {
    const Gang& gang = gangs[at];
    if (gang.group == kNone) continue;
    for (const GangMember& member : gang.members) {
      if (member.state == GangMember::State::out) continue;
      Kept& here = kept[member.rank];
      const Demand& keeps = nodes.demand(gang.shape);
      for (std::size_t i = 0; i < keeps.base.size(); ++i) here.places.gangs.base[i] += keeps.base[i];
      ++here.count;
    }
  }
  for (const Rank rank : front.workers) kept[rank].reserved.push_back(front.shape);
  return kept;
}

/// Takes from `free` what actors, gangs and the gang in front have of the worker.
std::string State::broken_places(const Worker& worker, const KeptByRank& all, Supply& free) const {
  const auto found = all.find(worker.rank);
  const Kept here = found == all.end() ? Kept{} : found->second;
  if (worker.actors != here.count) return "number of actors and gang members";
  if (here.reserved.size() != (worker.reserve_position != kNone ? 1 : 0)) return "its reservation";
  if (!worker.live) return here.count == 0 ? "" : "lost, has an actor or a gang";
  const Places& places = nodes.places(worker);
  if (here.places.actors.base != places.actors.base || here.places.gangs.base != places.gangs.base)
    return "what actors and gangs keep";
  for (std::size_t i = 0; i < free.base.size(); ++i)
    free.base[i] -= places.actors.base[i] + places.gangs.base[i];
  for (const ShapeId shape : here.reserved) free.take(nodes.demand(shape));
  return {};
}

std::string State::broken_workers() const {
  std::uint64_t assigned = 0;
  std::uint64_t listed = 0;
  for (Index index = 0; index < groups.bound(); ++index) {
    const Group& group = groups[index];
    if ((group.flags & kLive) != 0 && group.kind != Kind::promise) assigned += on_record(group);
  }
  const KeptByRank kept = list_places();
  for (const Worker& worker : nodes.all()) {
    if (worker.rank == kNoRank) continue;  // a rank that never joined
    const std::string name = "rank " + std::to_string(index_of(worker.rank)) + ": ";
    Supply free = worker.total;
    Nanoseconds load = 0;
    std::uint32_t started = 0;
    std::uint32_t recalls = 0;
    for (const PieceState state : {PieceState::active, PieceState::queued, PieceState::blocked}) {
      const PieceList& list = state == PieceState::active   ? worker.active
                              : state == PieceState::queued ? worker.queued
                                                            : worker.blocked;
      std::uint32_t size = 0;
      for (Index at = list.head; at != kNone; at = pieces[at].next, ++size) {
        const Piece& piece = pieces[at];
        if (piece.state != state || piece.worker != worker.rank) return name + "a piece in the wrong list";
        if (piece.estimate < 0) return name + "a negative estimate";
        if (find_piece(ticket_of(at), worker.rank, first_of(piece), piece.attempt) != at)
          return name + "a piece that its ticket does not lead to";
        assigned += piece.count;
        recalls += (piece.flags & kRecalling) != 0 ? 1 : 0;
        if (state != PieceState::blocked) load += piece.estimate;
        if (state != PieceState::active) continue;
        started += (piece.flags & kStarted) != 0 ? 1 : 0;
        free.take(nodes.demand(piece.shape));
      }
      if (size != list.size) return name + "size of a list of pieces";
    }
    if (std::string broken = broken_places(worker, kept, free); !broken.empty()) return name + broken;
    if (!worker.live && worker.active.size + worker.queued.size + worker.blocked.size > 0)
      return name + "lost, has work";
    if (load != worker.load) return name + "estimated load";
    if (started != worker.started || recalls != worker.recalls)
      return name + "number of started or recalled pieces";
    if (worker.live && free.base != worker.free.base) return name + "free resources";
    if (worker.room_lane != lane_with_room(worker))
      return name + "its place in the list of workers with room";
    if (worker.live && worker.queued.head != kNone && nodes.fits(worker, pieces[worker.queued.head].shape)) {
      return name + "has room for the next queued piece";
    }
    listed += worker.steal_position != kNone ? 1 : 0;
    if (worker.steal_position != kNone && stealable[worker.steal_position] != worker.rank)
      return name + "steal list";
  }
  if (listed != stealable.size()) return "size of the steal list";
  return assigned == totals.assigned ? "" : "number of assigned elements";
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
