// SPDX-License-Identifier: Apache-2.0
// The transition table. Rows: state of a piece. Columns: event. Read with the life of a task in DESIGN
// section 5.
#include "scheduler/transitions.hpp"

namespace rankine::scheduler {

namespace {

constexpr Verdict kYes = Verdict::allowed;
constexpr Verdict kOld = Verdict::stale;
constexpr Verdict kBug = Verdict::impossible;

// "queued" and "active" are what the scheduler believes; the worker is ahead of it by the messages under way,
// so a queued piece may start, block or finish, and an active one may still come back. After a worker
// answered a Recall of all a piece, the piece is gone or returned, and what it says of it is stale.
constexpr Verdict kTable[kPieceStates][kPieceEvents] = {
    // dispatched activated started finished blocked unblocked recalled cancelled timed_out worker_lost
    /* returned */ {kYes, kBug, kOld, kOld, kOld, kOld, kOld, kYes, kBug, kBug},
    /* queued   */ {kBug, kYes, kYes, kYes, kYes, kOld, kYes, kYes, kBug, kYes},
    /* active   */ {kBug, kBug, kYes, kYes, kYes, kOld, kYes, kYes, kYes, kYes},
    /* blocked  */ {kBug, kBug, kYes, kYes, kOld, kYes, kYes, kYes, kYes, kYes},
};

}  // namespace

Verdict verdict(PieceState state, PieceEvent event) {
  return kTable[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
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

std::string History::text() const {
  std::string text;
  const std::uint64_t size = next_ < ring_.size() ? next_ : ring_.size();
  for (std::uint64_t i = next_ - size; i < next_; ++i) {
    const Entry& entry = ring_[i % ring_.size()];
    text += "\n  task " + std::to_string(number(entry.task)) + ": " + to_text(entry.state) + ", " +
            to_text(entry.event);
  }
  return text;
}

}  // namespace rankine::scheduler
