// SPDX-License-Identifier: Apache-2.0
// The transition tables: the life of each kind of record is a path through its table, ended ones only hear
// stale reports, and what would be a bug is said to be one.
#include "catch.hpp"
#include "scheduler/transitions.hpp"

using namespace rankine::scheduler;

TEST_CASE("the life of an actor is allowed step by step; the dead hear nothing") {
  CHECK(verdict(ActorState::pending, ActorEvent::dependencies_ended) == Verdict::allowed);
  CHECK(verdict(ActorState::placing, ActorEvent::placed) == Verdict::allowed);
  CHECK(verdict(ActorState::starting, ActorEvent::ready) == Verdict::allowed);
  CHECK(verdict(ActorState::alive, ActorEvent::checkpointed) == Verdict::allowed);
  CHECK(verdict(ActorState::alive, ActorEvent::worker_lost) == Verdict::allowed);
  CHECK(verdict(ActorState::restarting, ActorEvent::placed) == Verdict::allowed);
  for (std::size_t event = 0; event < kActorEvents; ++event)
    CHECK(verdict(ActorState::dead, static_cast<ActorEvent>(event)) != Verdict::allowed);
  CHECK(verdict(ActorState::alive, ActorEvent::placed) == Verdict::impossible);
}

TEST_CASE("the life of a gang is allowed step by step; an ended one can only be remade") {
  CHECK(verdict(GangState::waiting, GangEvent::dependencies_ended) == Verdict::allowed);
  CHECK(verdict(GangState::room, GangEvent::placed) == Verdict::allowed);
  CHECK(verdict(GangState::preparing, GangEvent::member_ready) == Verdict::allowed);
  CHECK(verdict(GangState::running, GangEvent::member_lost) == Verdict::allowed);
  CHECK(verdict(GangState::broken, GangEvent::member_finished) == Verdict::allowed);
  for (std::size_t event = 0; event < kGangEvents; ++event) {
    const auto which = static_cast<GangEvent>(event);
    CHECK((verdict(GangState::ended, which) == Verdict::allowed) == (which == GangEvent::remade));
  }
  CHECK(verdict(GangState::running, GangEvent::placed) == Verdict::impossible);
}

TEST_CASE("an object ends once; a worker is lost once a life") {
  CHECK(verdict(ObjectState::pending, ObjectEvent::sealed) == Verdict::allowed);
  CHECK(verdict(ObjectState::sealed, ObjectEvent::sealed) == Verdict::impossible);
  CHECK(verdict(ObjectState::sealed, ObjectEvent::gone) == Verdict::allowed);
  CHECK(verdict(ObjectState::pending, ObjectEvent::freed) == Verdict::impossible);
  CHECK(verdict(WorkerState::live, WorkerEvent::joined) == Verdict::stale);
  CHECK(verdict(WorkerState::lost, WorkerEvent::lost) == Verdict::stale);
  CHECK(verdict(WorkerState::lost, WorkerEvent::joined) == Verdict::allowed);
}

TEST_CASE("the history names the kind, the state and the event") {
  History history;
  history.note(rankine::ObjectId{7}, GangState::broken, GangEvent::member_finished);
  CHECK(history.text() == "\n  gang 7: broken, member finished");
}
