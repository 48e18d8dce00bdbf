// SPDX-License-Identifier: Apache-2.0
// Events of actors: spawned, ready, failed, checkpointed, killed. An actor keeps its resources while it is
// starting or alive. Its handle is sealed when it is ready for the first time, fails when the actor is dead
// for good, and an actor whose handle nobody holds is stopped. Calls of methods do not come here.
#include <algorithm>
#include <cstdio>

#include "scheduler/state.hpp"

#include <rankine/core/check.hpp>

namespace rankine::scheduler {

void State::on(const ActorSpawned& event) {
  if (known_already(event.actor, 1, Kind::actor, event)) return free_stale(event.checkpoint);
  const Index index = new_collective(event.actor, 1, Kind::actor, event);
  const Index record = actors.allocate();
  actors[record] = Actor{};
  actors[record].group = index;
  actors[record].max_restarts = event.max_restarts;
  actors[record].checkpoint = event.checkpoint;
  actors[record].lane = intern_lane(class_of(groups[index]).options, Kind::actor);
  own_rare(groups[index]).extra = record;
  await_room(index, event.dependencies, event.pins);
}

/// In this life, or nullptr: the message is stale.
Actor* State::find_actor(ObjectId id, std::uint16_t attempt) {
  const IdTable::Place place = ids.find(id);
  if (place.group == kNone || groups[place.group].kind != Kind::actor) return nullptr;
  Actor& actor = actors[rare(groups[place.group]).extra];
  return actor.attempt == attempt ? &actor : nullptr;
}

/// Looks the pair up in the transition table; an impossible one ends the process with the history.
bool State::allowed(const Actor& actor, ActorEvent event) {
  const ObjectId id = groups[actor.group].first;
  history.note(id, actor.state, event);
  const Verdict said = verdict(actor.state, event);
  if (said == Verdict::impossible) {
    fail_check("actor " + std::to_string(number(id)) + " cannot meet '" + to_text(event) + "' while " +
               to_text(actor.state) + "; last transitions:" + history.text());
  }
  return said == Verdict::allowed;
}

void State::start_actor(Index index, Rank rank, std::uint8_t choice) {
  const Group& group = groups[index];
  Actor& actor = actors[rare(group).extra];
  allowed(actor, ActorEvent::placed);
  if (front.group == index) release_front();
  if (actor.state == ActorState::placing) leave_for_record(index);
  actor.tried = 0;
  actor.state = ActorState::starting;
  actor.worker = rank;
  Lane& lane = lanes[actor.lane];
  actor.shape = lane.request.shape_of(choice);
  lane.stuck_since = -1;
  actor.timed_out = false;
  actor.since = now;
  actor.serial = new_serial();
  const Nanoseconds timeout = class_of(group).options.timeout;
  if (timeout > 0) push_timer({now + timeout, rare(group).extra, actor.serial, Kind::actor, false});
  occupy(nodes.worker(rank), actor.shape, false);
  emit(StartActor{rank, group.first, actor.attempt, group.task_class, group.key, group.payload,
                  actor.checkpoint, choice});
}

/// Those that were alive before go first; they wait in no lane because their handle has not ended with them.
void State::place_restarting() {
  const std::vector<Index> waiting = std::exchange(restarting, {});
  ready_groups -= waiting.size();
  for (const Index index : waiting) place_again(index);
}

void State::place_again(Index index) {
  const LaneId id = lane_id(groups[index]);
  Actor& actor = actors[rare(groups[index]).extra];
  const Placement placement = place(lanes[id].request, nodes);
  if (placement.verdict == Placement::Verdict::placed)
    return start_actor(index, placement.worker, placement.choice);
  if (placement.verdict == Placement::Verdict::never && never_is_final()) {
    std::string text = "the actor cannot restart: it asks for " + describe(lanes[id].request) + "; " +
                       nodes.describe_largest();
    return end_actor(index, {FailureKind::unsatisfiable, {}, std::move(text)});
  }
  if (front.group != index && actor.tried != supply_changes && front_yields(lanes[id])) {
    actor.tried = supply_changes;
    keep_room(id, index, 1);
  }
  if (has_its_room(id, index)) {
    const Front kept = take_front();
    return start_actor(index, kept.workers.front(), kept.choice);
  }
  restarting.push_back(index);
  ++ready_groups;
}

void State::on(const ActorReady& event) {
  Actor* actor = find_actor(event.actor, event.attempt);
  if (actor == nullptr || actor->worker != event.worker || !allowed(*actor, ActorEvent::ready)) return;
  actor->state = ActorState::alive;
  const Index index = actor->group;
  if (!pending(groups[index], 0)) return deliver_to_holders(index);  // callers learn where it lives now
  --totals.assigned;
  seal(index, 0, {});
}

void State::on(const ActorFailed& event) {
  Actor* actor = find_actor(event.actor, event.attempt);
  if (actor == nullptr || actor->worker != event.worker || !allowed(*actor, ActorEvent::threw))
    return free_stale(event.error);
  const Index index = actor->group;
  std::string late = actor->timed_out ? start_timeout_text(*actor) : std::string();
  stop_actor(index);
  if (!late.empty()) {
    free_stale(event.error);
    return end_actor(index, {FailureKind::timed_out, {}, std::move(late)});
  }
  end_actor(index, {.kind = FailureKind::threw, .cause = {}, .text = {}}, event.error);
}

void State::on(const ActorCheckpointed& event) {
  Actor* actor = find_actor(event.actor, event.attempt);
  if (actor == nullptr || !allowed(*actor, ActorEvent::checkpointed)) return free_stale(event.state);
  free_stale(std::exchange(actor->checkpoint, event.state));
  actor->checkpoint_lost = false;
}

void State::on(const ActorKilled& event) {
  const IdTable::Place place = ids.find(event.actor);
  if (place.group != kNone && groups[place.group].kind == Kind::actor) kill_actor(place.group, event.restart);
}

/// Gives up its place; its record says nothing of what comes next.
void State::stop_actor(Index index) {
  Actor& actor = actors[rare(groups[index]).extra];
  if (actor.worker == kNoRank) return;
  if (pending(groups[index], 0)) --totals.assigned;
  vacate(std::exchange(actor.worker, kNoRank), actor.shape, false);
}

void State::kill_actor(Index index, bool restart) {
  Actor& actor = actors[rare(groups[index]).extra];
  if (!allowed(actor, restart ? ActorEvent::kill_retry : ActorEvent::killed)) return;
  if (actor.worker != kNoRank) {
    emit(StopActor{actor.worker, groups[index].first});
    stop_actor(index);
  }
  if (restart) return restart_actor(index);
  end_actor(index, {FailureKind::cancelled, {}, "the actor was killed"});
}

/// Starts again from its checkpoint, or is dead.
void State::restart_actor(Index index) {
  Actor& actor = actors[rare(groups[index]).extra];
  if (actor.max_restarts >= 0 && actor.restarts >= actor.max_restarts) {
    const std::string why = actor.deaths == kNone ? "it was killed" : death_text(actor.deaths);
    return end_actor(index, {FailureKind::worker_died, {}, why + "; no restart is left"});
  }
  if (actor.checkpoint_lost)
    return end_actor(index, {FailureKind::lost, {}, "its checkpoint was lost with its node"});
  ++actor.restarts;
  ++actor.attempt;
  ++totals.retried;
  if (pending(groups[index], 0)) {
    actor.state = ActorState::placing;
    return return_piece(new_piece(index, 0, 1));
  }
  actor.state = ActorState::restarting;
  restarting.push_back(index);
  ++ready_groups;
}

/// Dead for good: the handle fails, whether or not it was sealed, and nothing is kept to start it again.
void State::end_actor(Index index, const Failure& failure, Value error) {
  Group& group = groups[index];
  Actor& actor = actors[rare(group).extra];
  if (actor.state == ActorState::restarting) ready_groups -= std::erase(restarting, index);
  if (front.group == index) release_front();
  free_stale(std::exchange(actor.checkpoint, {}));
  const bool placed = actor.state == ActorState::starting || actor.state == ActorState::alive;
  actor.state = ActorState::dead;
  if (pending(group, 0)) {
    if (!placed) return fail_unfinished(index, failure);
    return fail(index, 0, failure, error);
  }
  require(group.first, group.result.state, ObjectEvent::gone);
  values_were_lost = true;
  group.result.state = ObjectState::failed;
  group.result.failure = failure.kind;
  group.result.payload = static_cast<std::uint64_t>(error.payload);
  group.result.bytes = error.bytes;
  group.result.node = index_of(error.node);
  group.result.marks = kOwnFailure;
  failures[failure_key(index, 0)] = failure;
  deliver_to_holders(index);
  recheck_dependants(index, 0);
  drop_arguments(index);
}

void State::lose_actor(Index index, Rank rank) {
  Actor& actor = actors[rare(groups[index]).extra];
  allowed(actor, ActorEvent::worker_lost);
  std::string late =
      actor.timed_out && actor.state == ActorState::starting ? start_timeout_text(actor) : std::string();
  stop_actor(index);
  if (!late.empty()) return end_actor(index, {FailureKind::timed_out, {}, std::move(late)});
  actor.deaths = note_death(rank, actor.deaths);
  restart_actor(index);
}

/// Its constructor takes too long: asked to stop, then its rank is killed. If it gets ready first, it lives.
void State::actor_over_time(const Timer& timer) {
  Actor& actor = actors[timer.record];
  if (!allowed(actor, ActorEvent::timed_out)) return;
  actor.timed_out = true;
  if (timer.forced) {
    nodes.worker(actor.worker).kill_asked = true;
  } else {
    keep_timer({now + limits.interrupt_grace, timer.record, timer.serial, Kind::actor, true});
  }
  emit(Interrupt{actor.worker, groups[actor.group].first, 1, actor.attempt, timer.forced});
}

std::string State::start_timeout_text(const Actor& actor) const {
  char text[96];
  std::snprintf(text, sizeof text, "its constructor on rank %d took longer than its timeout of %g s",
                index_of(actor.worker),
                static_cast<double>(class_of(groups[actor.group]).options.timeout) * 1e-9);
  return text;
}

void State::deliver_to_holders(Index index) {
  const Group& group = groups[index];
  if (group.holder == kNoRank) return;
  deliver(group.holder, group.first, 1);
  if (rare(group).holder_set == kNone) return;
  for (const Rank rank : holder_sets[rare(group).holder_set]) deliver(rank, group.first, 1);
}

}  // namespace rankine::scheduler
