// SPDX-License-Identifier: Apache-2.0
// Promised objects: results of actors' calls that became visible beyond the rank that made the call. Nothing
// here makes them; they end when their owner says so, or when it is lost.
#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::on(const Promised& event) {
  if (nodes.lost(event.owner)) return;
  const IdTable::Place place = ids.find(event.object);
  if (place.group != kNone) {
    if (groups[place.group].kind != Kind::promise) return;
    hold(place.group, event.owner);
    if (groups[place.group].ended == 0) groups[place.group].submitter = event.owner;
    return;
  }
  require(event.object, ObjectState::unknown, ObjectEvent::named);
  const Index index = new_group(event.object, 1, Kind::promise);
  Group& group = groups[index];
  group.cursor = group.count;
  group.submitter = event.owner;
  group.lane_next = promises;
  if (promises != kNone) groups[promises].lane_previous = index;
  promises = index;
  hold(index, event.owner);
  if (!referenced(group)) maybe_free(index);
}

void State::on(const Fulfilled& event) {
  const IdTable::Place place = ids.find(event.object);
  const bool awaited = place.group != kNone && groups[place.group].kind == Kind::promise &&
                       pending(groups[place.group], place.element);
  if (!awaited) return free_stale(event.value);
  require(event.object, ObjectState::pending, event.failed ? ObjectEvent::failed : ObjectEvent::sealed);
  leave_promises(place.group);
  for (const ObjectId inner : event.inside) pin_inside(place.group, inner);
  if (!event.failed) return seal(place.group, 0, event.value);
  fail(place.group, 0, {.kind = FailureKind::threw, .cause = {}, .text = {}}, event.value);
}

void State::leave_promises(Index index) {
  Group& group = groups[index];
  (group.lane_previous != kNone ? groups[group.lane_previous].lane_next : promises) = group.lane_next;
  if (group.lane_next != kNone) groups[group.lane_next].lane_previous = group.lane_previous;
  group.lane_next = group.lane_previous = kNone;
}

/// It never ends otherwise: whoever still waits for it (a task that was cancelled, a rank that let go) learns
/// it.
void State::break_promise(Index index, std::string text) {
  leave_promises(index);
  fail(index, 0, {FailureKind::lost, {}, std::move(text)});
}

void State::lose_promises(Rank owner) {
  std::vector<Index> broken;
  for (Index at = promises; at != kNone; at = groups[at].lane_next) {
    if (groups[at].submitter == owner) broken.push_back(at);
  }
  for (const Index index : broken)
    break_promise(index, "rank " + std::to_string(index_of(owner)) + ", which called the actor for it, died");
}

}  // namespace rankine::scheduler
