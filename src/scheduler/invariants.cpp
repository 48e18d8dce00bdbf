// SPDX-License-Identifier: Apache-2.0
// One walk over all tables that names the first thing which does not add up. Called after every step in
// tests.
#include <map>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

namespace {

std::string about(const Group& group, const char* what) {
  return "group " + std::to_string(number(group.first)) + ": " + what;
}

}  // namespace

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
  for (Index at = group.returned; at != kNone; at = pieces[at].next, --returned) {
    if (pieces[at].state != PieceState::returned) return "a piece on a worker is among the returned";
  }
  if (returned != 0) return "number of returned pieces";
  std::uint32_t ended = 0;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    if (!pending(group, i)) {
      ++ended;
    } else if (i < group.cursor && seen[i] == 0) {
      return "an element is nowhere";
    }
  }
  if (ended != group.ended) return "number of ended elements";
  return in_place + ended == group.count ? "" : "elements do not add up";
}

std::string State::broken_groups() const {
  std::uint64_t objects = 0;
  std::uint64_t ready = 0;
  std::uint64_t waiting = 0;
  std::uint64_t in_lanes = 0;
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
    const bool in_lane = (group.flags & kInLane) != 0;
    in_lanes += in_lane ? 1 : 0;
    if (in_lane != (group.waiting == 0 && has_undispatched(group)))
      return about(group, "its place in the lane");
    if (group.ended == group.count && !referenced(group))
      return about(group, "nobody needs it, but it is not freed");
    if (group.ended < group.count && group.kind == Kind::task && (group.flags & kHasArguments) == 0) {
      return about(group, "arguments are gone before the end");
    }
    for (Index link = group.arguments; link != kNone; link = links[link].next) ++pins[links[link].target];
    for (Index link = group.inside; link != kNone; link = links[link].next) ++pins[links[link].target];
    for (std::uint32_t i = 0; i < group.count; ++i) {
      const Result* end = find_result(group, i);
      if (end == nullptr || end->state != ObjectState::pending) continue;
      for (Index link = static_cast<Index>(end->payload); link != kNone; link = links[link].next) {
        if (!links[link].wants) ++waits[links[link].target];
      }
    }
    if (group.holder != kNoRank) ++held[static_cast<std::size_t>(index_of(group.holder))];
    if (group.holder_set == kNone) continue;
    for (const Rank rank : holder_sets[group.holder_set]) ++held[static_cast<std::size_t>(index_of(rank))];
  }
  for (Index index = 0; index < groups.bound(); ++index) {
    const Group& group = groups[index];
    if (group.flags == 0) continue;
    if ((group.flags & kLive) != 0 && group.pins != pins[index]) return about(group, "number of pins");
    if (group.waiting != waits[index]) return about(group, "number of waits");
  }
  if (objects != totals.live_objects) return "number of live objects";
  if (ready != totals.ready || waiting != totals.waiting) return "number of ready or waiting elements";
  if (in_lanes != ready_groups) return "number of ready groups";
  return held == held_by_rank ? "" : "number of groups held by a rank";
}

std::string State::broken_workers() const {
  std::uint64_t assigned = 0;
  std::uint64_t listed = 0;
  for (const Worker& worker : nodes.all()) {
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
        assigned += piece.count;
        recalls += (piece.flags & kRecalling) != 0 ? 1 : 0;
        if (state != PieceState::blocked) load += piece.estimate;
        if (state != PieceState::active) continue;
        started += (piece.flags & kStarted) != 0 ? 1 : 0;
        free.take(nodes.demand(lanes[piece.lane].request.shape));
      }
      if (size != list.size) return name + "size of a list of pieces";
    }
    if (!worker.live && worker.active.size + worker.queued.size + worker.blocked.size > 0)
      return name + "lost, has work";
    if (load != worker.load) return name + "estimated load";
    if (started != worker.started || recalls != worker.recalls)
      return name + "number of started or recalled pieces";
    if (worker.live && free.base != worker.free.base) return name + "free resources";
    if (worker.room_lane != lane_with_room(worker))
      return name + "its place in the list of workers with room";
    if (worker.live && worker.queued.head != kNone &&
        nodes.fits(worker, lanes[pieces[worker.queued.head].lane].request.shape)) {
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
      if (class_of(groups[at]).lane != id) return about(groups[at], "is in another's lane");
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
  return in_lanes == ready_groups ? "" : "number of groups in lanes";
}

std::string State::broken_invariant() const {
  if (!firings.empty() || !ended_spans.empty() || !to_free.empty()) return "work is left over after an event";
  for (std::string broken : {broken_groups(), broken_workers(), broken_lanes(), nodes.broken_invariant()}) {
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
