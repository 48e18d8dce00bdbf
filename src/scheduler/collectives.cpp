// SPDX-License-Identifier: Apache-2.0
// What actors and gangs share: they wait in lanes as tasks do, but then keep resources of workers under a
// record of their own. What they do there is in handlers_actor.cpp and handlers_gang.cpp.
#include "scheduler/state.hpp"

#include <rankine/core/check.hpp>

namespace rankine::scheduler {

void State::free_stale(const Value& value) {
  if (value.payload != kNoPayload) emit(FreeValue{value});
}

/// Enters the lane, waits for dependencies, or has failed with one.
void State::await_room(Index index, const std::span<const ObjectId>& dependencies,
                       const std::span<const ObjectId>& pins) {
  Group& group = groups[index];
  totals.submitted += group.count;
  totals.ready += group.count;
  group.flags |= kHasArguments;
  hold(index, group.submitter);
  if (!dependencies.empty() || !pins.empty()) add_arguments(index, dependencies, pins);
  if (group.waiting == 0 && has_undispatched(group)) make_ready(index);
}

/// It is placed: its elements wait in no lane and in no piece any more.
void State::leave_for_record(Index index) {
  totals.assigned += undispatched(groups[index]);
  materialise(index);
  while (rare(groups[index]).returned != kNone) {
    const Index piece = rare(groups[index]).returned;
    unreturn_piece(piece);
    delete_piece(piece);
  }
}

/// It waits for room again: the opposite.
void State::return_pending(Index index) {
  const std::uint32_t count = groups[index].count;
  for (std::uint32_t begin = 0; begin < count;) {
    std::uint32_t end = begin;
    while (end < count && pending(groups[index], end)) ++end;
    if (begin < end) {
      totals.assigned -= end - begin;
      return_piece(new_piece(index, begin, end - begin));
    }
    begin = end + 1;
  }
}

void State::note_ready(Group& group) {
  if (group.kind == Kind::actor) {
    Actor& actor = actors[rare(group).extra];
    if (actor.state == ActorState::pending && allowed(actor, ActorEvent::dependencies_ended))
      actor.state = ActorState::placing;
  } else if (group.kind == Kind::gang) {
    Gang& gang = gangs[rare(group).extra];
    if (gang.state == GangState::waiting && allowed(gang, GangEvent::dependencies_ended))
      gang.state = GangState::room;
  }
}

void State::note_waits(Group& group) {
  if (group.kind == Kind::actor) {
    Actor& actor = actors[rare(group).extra];
    if (actor.state == ActorState::placing && allowed(actor, ActorEvent::values_lost))
      actor.state = ActorState::pending;
  } else if (group.kind == Kind::gang) {
    Gang& gang = gangs[rare(group).extra];
    if (gang.state == GangState::room && allowed(gang, GangEvent::values_lost))
      gang.state = GangState::waiting;
  }
}

/// It fails without having been placed; else the handlers have set the state already.
void State::note_given_up(Group& group) {
  if (group.kind == Kind::actor) {
    Actor& actor = actors[rare(group).extra];
    const bool unplaced = actor.state == ActorState::pending || actor.state == ActorState::placing;
    if (unplaced && allowed(actor, ActorEvent::given_up)) actor.state = ActorState::dead;
  } else if (group.kind == Kind::gang) {
    Gang& gang = gangs[rare(group).extra];
    const bool unplaced = gang.state == GangState::waiting || gang.state == GangState::room;
    if (unplaced && allowed(gang, GangEvent::given_up)) gang.state = GangState::ended;
  }
}

/// Nobody refers to it any more: an actor is stopped. False: it is freed later, when its end is settled.
bool State::retire(Index index) {
  const Group& group = groups[index];
  if (group.kind != Kind::actor || actors[rare(group).extra].state == ActorState::dead) return true;
  const bool was_pending = pending(group, 0);
  kill_actor(index, false);
  return !was_pending;
}

void State::free_record(const Group& group) {
  if (group.kind == Kind::actor) {
    actors[rare(group).extra].group = kNone;
    actors.release(rare(group).extra);
  } else {
    gangs[rare(group).extra].group = kNone;
    gangs.release(rare(group).extra);
  }
}

bool State::place_collective(Lane& lane) {
  const Index head = lane.head;
  if (lane.kind == Kind::gang) {
    // One that is tried again enters before the gang in front, but does not overtake it.
    const auto id = static_cast<LaneId>(&lane - lanes.data());
    return place_gang_head(front.lane == id ? front.group : head, id);
  }
  const Placement placement = place(lane.request, nodes);
  if (placement.verdict == Placement::Verdict::placed) {
    start_actor(head, placement.worker, placement.choice);
    return true;
  }
  if (placement.verdict != Placement::Verdict::never || nodes.live_count() == 0 ||
      nodes.seen_count() < limits.expected_workers) {
    return false;
  }
  fail_never(head);
  return true;
}

/// An actor is no piece: how many may live on a worker is a matter of what they ask for alone.
void State::occupy(Worker& worker, ShapeId shape, bool gang) {
  nodes.take(worker, shape);
  if (!gang) worker.free.base[kPiecesAtOnce] += nodes.demand(shape).base[kPiecesAtOnce];
  nodes.note_place(worker, shape, gang);
  ++worker.actors;
  update_room(worker);
  if (!front.workers.empty()) room_changed(worker);
}

/// An actor or a member has left; a lost worker has nothing to give back.
void State::vacate(Rank rank, ShapeId shape, bool gang) {
  ++supply_changes;
  Worker& worker = nodes.worker(rank);
  --worker.actors;
  nodes.forget_place(worker, shape, gang);
  nodes.give(worker, shape);
  if (!gang) worker.free.base[kPiecesAtOnce] -= nodes.demand(shape).base[kPiecesAtOnce];
  refresh(worker);
}

/// Actors and gang members on a lost rank. Walks all of them only if it had any.
void State::lose_places(Rank rank, TaskId culprit) {
  ++supply_changes;
  if (nodes.worker(rank).reserve_position != kNone) release_front();
  for (Index at = 0; at < actors.bound() && nodes.worker(rank).actors > 0; ++at) {
    if (actors[at].group != kNone && actors[at].worker == rank) lose_actor(actors[at].group, rank);
  }
  for (Index at = 0; at < gangs.bound() && nodes.worker(rank).actors > 0; ++at) {
    const bool placed = gangs[at].group != kNone && gangs[at].state >= GangState::preparing;
    if (placed && find_member(gangs[at], rank) != nullptr) lose_member(gangs[at].group, rank, culprit);
  }
}

/// A state that was saved in the memory of a lost node: restarting without it would silently go back in time.
void State::lose_checkpoints(NodeId node) {
  for (Index at = 0; at < actors.bound(); ++at) {
    Actor& actor = actors[at];
    if (actor.group == kNone || actor.checkpoint.payload == kNoPayload || actor.checkpoint.node != node)
      continue;
    free_stale(std::exchange(actor.checkpoint, {}));
    actor.checkpoint_lost = true;
    if (actor.state == ActorState::restarting) {
      end_actor(actor.group, {FailureKind::lost, {}, "its checkpoint was lost with its node"});
    }
  }
}

/// The table of objects, for the paths on which handlers do not guarantee it by themselves.
void State::require(ObjectId id, ObjectState state, ObjectEvent event) {
  history.note(id, state, event);
  if (verdict(state, event) == Verdict::allowed) return;
  fail_check("object " + std::to_string(number(id)) + " cannot meet '" + to_text(event) + "' while " +
             to_text(state) + "; last transitions:" + history.text());
}

}  // namespace rankine::scheduler
