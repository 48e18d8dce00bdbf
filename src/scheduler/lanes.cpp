// SPDX-License-Identifier: Apache-2.0
// What is ready: dependencies that hold a group back, the ready list of each lane, pieces that came back from
// workers.
#include "scheduler/state.hpp"

namespace rankine::scheduler {

/// Notes what the arguments refer to and waits for what has not ended. A failed or unknown one fails the
/// group.
void State::add_arguments(Index index, std::span<const ObjectId> dependencies,
                          std::span<const ObjectId> pins) {
  const auto add = [&](ObjectId id, bool dependency) {
    const IdTable::Place place = ids.find(id);
    if (place.group == kNone) return false;
    pin(place.group);
    new_link({.target = place.group, .element = place.element, .dependency = dependency},
             groups[index].arguments);
    return true;
  };
  for (const ObjectId id : pins) add(id, false);  // an unknown one fails when somebody uses it
  for (const ObjectId id : dependencies) {
    if (add(id, true)) continue;
    fail_unfinished(index, {.kind = FailureKind::lost,
                            .cause = id,
                            .text = "argument " + std::to_string(number(id)) + " does not exist any more"});
    return;
  }
  await_dependencies(index);
}

/// Waits for every dependency that is pending; true if none failed.
bool State::await_dependencies(Index index) {
  for (Index link = groups[index].arguments; link != kNone; link = links[link].next) {
    if (!links[link].dependency) continue;
    const Index target = links[link].target;
    const std::uint32_t element = links[link].element;
    const Result* found = find_result(groups[target], element);
    if (found != nullptr && (found->marks & kDropped) != 0) remake(target, element);
    if (pending(groups[target], element)) {
      Result& awaited = result(groups[target], element);
      Index head = static_cast<Index>(awaited.payload);
      new_link({.target = index}, head);
      awaited.payload = head;
      add_wait(index);
    } else if (find_result(groups[target], element)->state == ObjectState::failed) {
      dependency_failed(index, target, element);
      return false;
    }
  }
  return true;
}

std::uint32_t State::undispatched(const Group& group) const {
  std::uint32_t count = group.count - group.cursor;
  for (Index piece = rare(group).returned; piece != kNone; piece = pieces[piece].next)
    count += pieces[piece].count;
  return count;
}

void State::count_undispatched(const Group& group, std::int64_t change) {
  (group.waiting > 0 ? totals.waiting : totals.ready) += static_cast<std::uint64_t>(change);
}

void State::add_wait(Index index) {
  Group& group = groups[index];
  if (group.waiting == 0) {
    if (group.kind != Kind::task) note_waits(group);
    leave_lane(index);
    const std::uint32_t count = undispatched(group);
    totals.ready -= count;
    totals.waiting += count;
  }
  ++group.waiting;
}

void State::remove_wait(Index index) {
  Group& group = groups[index];
  if (--group.waiting > 0) return;
  const std::uint32_t count = undispatched(group);
  totals.waiting -= count;
  totals.ready += count;
  if (count == 0) return;
  make_ready(index);
  if (values_were_lost) to_recheck.push_back(index);
}

/// At the end of its lane.
void State::make_ready(Index index) {
  Group& group = groups[index];
  if ((group.flags & kInLane) != 0) return;
  LaneId id = class_of(group).lane;
  if (group.kind != Kind::task) [[unlikely]] {
    note_ready(group);
    id = lane_id(group);
  }
  group.sequence = next_sequence++;
  group.flags = static_cast<std::uint16_t>((group.flags & ~kLate) | kInLane);
  Lane& lane = lanes[id];
  group.lane_next = kNone;
  group.lane_previous = lane.tail;
  (lane.tail != kNone ? groups[lane.tail].lane_next : lane.head) = index;
  lane.tail = index;
  ++ready_groups;
}

/// At the front of its lane: it was dispatched before, so it is older than what waits.
void State::enter_lane(Index index) {
  Group& group = groups[index];
  if ((group.flags & kInLane) != 0 || group.waiting > 0) return;
  Lane& lane = lane_of(group);
  if (group.kind == Kind::task)  // actors and gangs are few: each keeps its age
    group.sequence = lane.head != kNone ? groups[lane.head].sequence : next_sequence++;
  group.flags = static_cast<std::uint16_t>((group.flags & ~kLate) | kInLane);
  group.lane_previous = kNone;
  group.lane_next = lane.head;
  (lane.head != kNone ? groups[lane.head].lane_previous : lane.tail) = index;
  lane.head = index;
  ++ready_groups;
}

void State::leave_lane(Index index) {
  Group& group = groups[index];
  if ((group.flags & kInLane) == 0) return;
  LaneId id = class_of(group).lane;
  if (group.kind != Kind::task) [[unlikely]] {
    if (index == front.group) release_front();
    id = lane_id(group);
  }
  Lane& lane = lanes[id];
  (group.lane_previous != kNone ? groups[group.lane_previous].lane_next : lane.head) = group.lane_next;
  (group.lane_next != kNone ? groups[group.lane_next].lane_previous : lane.tail) = group.lane_previous;
  group.lane_next = group.lane_previous = kNone;
  group.flags = static_cast<std::uint16_t>(group.flags & ~kInLane);
  --ready_groups;
  if (lane.head != kNone) [[likely]]
    groups.foresee(lane.head);
  if (lane.head == kNone) {
    lane.stuck_since = -1;
    if (front.lane == id && front.group == kNone) [[unlikely]]
      release_front();
  }
}

// ---- pieces that wait ----

Index State::new_piece(Index index, std::uint32_t element, std::uint32_t count) {
  const Index made = pieces.allocate();
  Piece& piece = pieces[made];
  piece = Piece{};
  Group& group = groups[index];
  piece.group = index;
  piece.element = element;
  piece.count = count;
  piece.serial = new_serial();
  piece.lane = class_of(group).lane;
  piece.sibling_next = group.pieces;
  if (group.pieces != kNone) pieces[group.pieces].sibling_previous = made;
  group.pieces = made;
  return made;
}

void State::delete_piece(Index index) {
  Piece& piece = pieces[index];
  (piece.sibling_previous != kNone ? pieces[piece.sibling_previous].sibling_next
                                   : groups[piece.group].pieces) = piece.sibling_next;
  if (piece.sibling_next != kNone) pieces[piece.sibling_next].sibling_previous = piece.sibling_previous;
  piece.group = kNone;
  piece.serial = 0;
  pieces.release(index);
}

/// A piece on no worker waits for one (again), before everything else of its lane.
void State::return_piece(Index index) {
  Piece& piece = pieces[index];
  Group& group = groups[piece.group];
  piece.state = PieceState::returned;
  piece.worker = kNoRank;
  piece.flags = 0;
  piece.previous = kNone;
  piece.next = rare(group).returned;
  if (rare(group).returned != kNone) pieces[rare(group).returned].previous = index;
  own_rare(group).returned = index;
  count_undispatched(group, piece.count);
  enter_lane(piece.group);
  if (values_were_lost) to_recheck.push_back(piece.group);
}

void State::unreturn_piece(Index index) {
  Piece& piece = pieces[index];
  Group& group = groups[piece.group];
  (piece.previous != kNone ? pieces[piece.previous].next : own_rare(group).returned) = piece.next;
  if (piece.next != kNone) pieces[piece.next].previous = piece.previous;
  piece.next = piece.previous = kNone;
  count_undispatched(group, -std::int64_t{piece.count});
  if (!has_undispatched(group)) leave_lane(piece.group);
}

/// What was never dispatched becomes a piece, so that parts can be cut out of it.
void State::materialise(Index index) {
  Group& group = groups[index];
  if (group.cursor == group.count) return;
  const Index piece = new_piece(index, group.cursor, group.count - group.cursor);
  count_undispatched(group, -std::int64_t{group.count - group.cursor});
  group.cursor = group.count;
  return_piece(piece);
}

}  // namespace rankine::scheduler
