// SPDX-License-Identifier: Apache-2.0
// Events of gangs. Gangs are not placed here: a submitted one fails at once with a text that says so, and
// what members report changes nothing.
#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::on(const GangSubmitted& event) {
  refuse(event.gang, event.payload, event.submitter, "gangs are not served by this scheduler");
}
void State::on(const GangMemberReady&) {}
void State::on(const GangMemberFinished& event) {
  free_stale(event.outcome.value);
}

}  // namespace rankine::scheduler
