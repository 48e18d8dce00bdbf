// SPDX-License-Identifier: Apache-2.0
// Events of actors. Actors are not placed here: a spawned one fails at once with a text that says so, and
// what ranks report about actors changes nothing.
#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::on(const ActorSpawned& event) {
  refuse(event.actor, event.payload, event.submitter, "actors are not served by this scheduler");
}
void State::on(const ActorReady&) {}
void State::on(const ActorFailed& event) {
  free_stale(event.error);
}
void State::on(const ActorCheckpointed& event) {
  free_stale(event.state);
}
void State::on(const ActorKilled&) {}

/// Makes the object known as failed, so that whoever waits for it learns why.
void State::refuse(ObjectId id, Payload payload, Rank submitter, const char* why) {
  if (payload != kNoPayload) emit(FreePayload{payload});
  if (ids.find(id).group != kNone || nodes.lost(submitter)) return;
  const Index index = new_group(id, 1, Kind::actor);
  groups[index].submitter = submitter;
  groups[index].cursor = groups[index].count;
  ++totals.submitted;
  hold(index, submitter);
  fail(index, 0, {.kind = FailureKind::unsatisfiable, .cause = {}, .text = why});
}

void State::free_stale(const Value& value) {
  if (value.payload != kNoPayload) emit(FreeValue{value});
}

}  // namespace rankine::scheduler
