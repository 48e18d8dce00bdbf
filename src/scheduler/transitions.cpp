// SPDX-License-Identifier: Apache-2.0
// The transition tables. Rows: state. Columns: event. Read with the life of a task in DESIGN section 5.
#include "scheduler/transitions.hpp"

namespace rankine::scheduler {

namespace {

constexpr Verdict kYes = Verdict::allowed;
constexpr Verdict kOld = Verdict::stale;
constexpr Verdict kBug = Verdict::impossible;

// "queued" and "active" are what the scheduler believes; the worker is ahead of it by the messages under way,
// so a queued piece may start, block or finish, and an active one may still come back. After a worker
// answered a Recall of all a piece, the piece is gone or returned, and what it says of it is stale.
constexpr Verdict kPieces[kPieceStates][kPieceEvents] = {
    // dispatched activated started finished blocked unblocked recalled cancelled timed_out worker_lost
    /* returned */ {kYes, kBug, kOld, kOld, kOld, kOld, kOld, kYes, kBug, kBug},
    /* queued   */ {kBug, kYes, kYes, kYes, kYes, kOld, kYes, kYes, kBug, kYes},
    /* active   */ {kBug, kBug, kYes, kYes, kYes, kOld, kYes, kYes, kYes, kYes},
    /* blocked  */ {kBug, kBug, kYes, kYes, kOld, kYes, kYes, kYes, kYes, kYes},
};

// A sealed object becomes pending again when it is made again, and failed when its only copy is gone (of an
// actor: when the actor died for good). A failed one is made again when its value was freed, not lost.
constexpr Verdict kObjects[kObjectStates][kObjectEvents] = {
    //            named sealed failed gone  remade freed
    /* unknown */ {kYes, kOld, kOld, kOld, kOld, kOld},
    /* pending */ {kOld, kYes, kYes, kOld, kOld, kBug},
    /* sealed  */ {kOld, kBug, kBug, kYes, kYes, kYes},
    /* failed  */ {kOld, kBug, kBug, kOld, kOld, kYes},
};

// A rank that was lost may come back as another incarnation; what its earlier life still says is stale.
constexpr Verdict kWorkers[kWorkerStates][kWorkerEvents] = {
    //            joined lost reported
    /* unknown */ {kYes, kOld, kOld},
    /* live    */ {kOld, kYes, kYes},
    /* lost    */ {kYes, kOld, kOld},
};

// Reports of an attempt that is over are stale before they come here. Once it was alive, an actor no more
// waits for its dependencies: they were unpacked by its constructor, and a restart uses the same arguments.
constexpr Verdict kActors[kActorStates][kActorEvents] = {
    //               deps_ended placed ready threw checkpointed worker_lost killed kill_retry given_up
    //               values_lost timed_out
    /* pending    */ {kYes, kBug, kOld, kOld, kOld, kBug, kYes, kOld, kYes, kYes, kOld},
    /* placing    */ {kBug, kYes, kOld, kOld, kOld, kBug, kYes, kOld, kYes, kYes, kOld},
    /* starting   */ {kBug, kBug, kYes, kYes, kYes, kYes, kYes, kYes, kBug, kOld, kYes},
    /* alive      */ {kBug, kBug, kOld, kOld, kYes, kYes, kYes, kYes, kBug, kOld, kOld},
    /* restarting */ {kBug, kYes, kOld, kOld, kOld, kBug, kYes, kOld, kYes, kOld, kOld},
    /* dead       */ {kBug, kBug, kOld, kOld, kOld, kBug, kOld, kOld, kOld, kOld, kOld},
};

// A broken gang waits until each of its members has left or is lost; only then is it tried again or ended.
// While it is made again, further values of its earlier run may be lost.
constexpr Verdict kGangs[kGangStates][kGangEvents] = {
    //              deps_ended placed ready finished lost cancelled given_up values_lost remade timed_out
    /* waiting   */ {kYes, kBug, kOld, kOld, kBug, kYes, kYes, kYes, kYes, kOld},
    /* room      */ {kBug, kYes, kOld, kOld, kBug, kYes, kYes, kYes, kYes, kOld},
    /* preparing */ {kBug, kBug, kYes, kYes, kYes, kYes, kBug, kOld, kYes, kOld},
    /* running   */ {kBug, kBug, kOld, kYes, kYes, kYes, kBug, kOld, kYes, kYes},
    /* broken    */ {kBug, kBug, kOld, kYes, kYes, kYes, kBug, kOld, kYes, kYes},
    /* ended     */ {kBug, kBug, kOld, kOld, kBug, kOld, kOld, kOld, kYes, kOld},
};

template <std::size_t States, std::size_t Events, class S, class E>
constexpr Verdict look_up(const Verdict (&table)[States][Events], S state, E event) {
  return table[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

}  // namespace

Verdict verdict(PieceState state, PieceEvent event) {
  return look_up(kPieces, state, event);
}
Verdict verdict(ObjectState state, ObjectEvent event) {
  return look_up(kObjects, state, event);
}
Verdict verdict(WorkerState state, WorkerEvent event) {
  return look_up(kWorkers, state, event);
}
Verdict verdict(ActorState state, ActorEvent event) {
  return look_up(kActors, state, event);
}
Verdict verdict(GangState state, GangEvent event) {
  return look_up(kGangs, state, event);
}

const char* to_text(PieceState state) {
  constexpr const char* kNames[kPieceStates] = {"returned", "queued", "active", "blocked"};
  return kNames[static_cast<std::size_t>(state)];
}

const char* to_text(PieceEvent event) {
  constexpr const char* kNames[kPieceEvents] = {"dispatched", "activated",  "started",  "finished",
                                                "blocked",    "unblocked",  "recalled", "cancelled",
                                                "timed out",  "worker lost"};
  return kNames[static_cast<std::size_t>(event)];
}

const char* to_text(ObjectState state) {
  constexpr const char* kNames[kObjectStates] = {"unknown", "pending", "sealed", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

const char* to_text(ObjectEvent event) {
  constexpr const char* kNames[kObjectEvents] = {"named", "sealed", "failed", "gone", "remade", "freed"};
  return kNames[static_cast<std::size_t>(event)];
}

const char* to_text(WorkerState state) {
  constexpr const char* kNames[kWorkerStates] = {"unknown", "live", "lost"};
  return kNames[static_cast<std::size_t>(state)];
}

const char* to_text(WorkerEvent event) {
  constexpr const char* kNames[kWorkerEvents] = {"joined", "lost", "reported"};
  return kNames[static_cast<std::size_t>(event)];
}

const char* to_text(ActorState state) {
  constexpr const char* kNames[kActorStates] = {"pending", "placing",    "starting",
                                                "alive",   "restarting", "dead"};
  return kNames[static_cast<std::size_t>(state)];
}

const char* to_text(ActorEvent event) {
  constexpr const char* kNames[kActorEvents] = {
      "dependencies ended", "placed",   "ready",       "threw",    "checkpointed", "worker lost", "killed",
      "kill to retry",      "given up", "values lost", "timed out"};
  return kNames[static_cast<std::size_t>(event)];
}

const char* to_text(GangState state) {
  constexpr const char* kNames[kGangStates] = {"waiting", "waiting for room", "preparing",
                                               "running", "broken",           "ended"};
  return kNames[static_cast<std::size_t>(state)];
}

const char* to_text(GangEvent event) {
  constexpr const char* kNames[kGangEvents] = {
      "dependencies ended", "placed",   "member ready", "member finished", "member lost",
      "cancelled",          "given up", "values lost",  "remade",          "timed out"};
  return kNames[static_cast<std::size_t>(event)];
}

std::string History::text() const {
  std::string text;
  const auto add = [&](const char* what, ObjectId id, const char* state, const char* event) {
    text += std::string("\n  ") + what + ' ' + std::to_string(number(id)) + ": " + state + ", " + event;
  };
  const std::uint64_t size = next_ < ring_.size() ? next_ : ring_.size();
  for (std::uint64_t i = next_ - size; i < next_; ++i) {
    const Entry& at = ring_[i % ring_.size()];
    if (at.family == Family::task) {
      add("task", at.id, to_text(PieceState{at.state}), to_text(PieceEvent{at.event}));
    } else if (at.family == Family::object) {
      add("object", at.id, to_text(ObjectState{at.state}), to_text(ObjectEvent{at.event}));
    } else if (at.family == Family::worker) {
      add("rank", at.id, to_text(WorkerState{at.state}), to_text(WorkerEvent{at.event}));
    } else if (at.family == Family::actor) {
      add("actor", at.id, to_text(ActorState{at.state}), to_text(ActorEvent{at.event}));
    } else {
      add("gang", at.id, to_text(GangState{at.state}), to_text(GangEvent{at.event}));
    }
  }
  return text;
}

}  // namespace rankine::scheduler
