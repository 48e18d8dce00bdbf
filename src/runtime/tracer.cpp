// SPDX-License-Identifier: Apache-2.0
#include "runtime/tracer.hpp"

#include <variant>

namespace rankine::runtime {

void Tracer::on(const scheduler::Event& event, Time at) {
  std::visit([&](const auto& e) { take(e, recorder_.since_begin(at)); }, event);
}

void Tracer::waited(ObjectId first, std::uint32_t count, Time began, Time ended) {
  recorder_.put(trace::Waited{recorder_.since_begin(ended), ended - began, first, count});
}

/// What tasks and gangs have in common.
template <class E>
void Tracer::note_submission(const E& event, TaskId first, Nanoseconds at) {
  if (recorder_.is_new(event.task_class)) {
    recorder_.put(
        trace::Class{static_cast<std::uint32_t>(event.task_class), scheduler_.task_class(event.task_class)});
  }
  submission_.at = at;
  submission_.first = first;
  submission_.task_class = static_cast<std::uint32_t>(event.task_class);
  submission_.submitter = event.submitter;
  submission_.parent = event.parent;
  submission_.dependencies.assign(event.dependencies.begin(), event.dependencies.end());
}

void Tracer::take(const scheduler::Submitted& event, Nanoseconds at) {
  note_submission(event, event.first, at);
  submission_.count = event.count;
  submission_.range = event.range;
  submission_.gang_ranks = 0;
  submission_.argument_bytes = event.payload_bytes;
  recorder_.put(submission_);
}

void Tracer::take(const scheduler::GangSubmitted& event, Nanoseconds at) {
  note_submission(event, event.gang, at);
  submission_.count = event.all ? event.ranks : 1;
  submission_.range = event.all;
  submission_.gang_ranks = event.ranks;
  submission_.argument_bytes = 0;
  recorder_.put(submission_);
}

void Tracer::take(const scheduler::Finished& event, Nanoseconds at) {
  trace::Piece piece{at, event.busy, event.first, event.count, event.worker, event.attempt, 0, 0};
  for (const scheduler::Outcome& outcome : event.outcomes) {
    piece.failed += outcome.failed ? 1 : 0;
    piece.bytes += outcome.value.bytes;
  }
  recorder_.put(piece);
}

void Tracer::take(const scheduler::Blocked& event, Nanoseconds at) {
  recorder_.put(trace::Blocked{at, event.task});
}

void Tracer::take(const scheduler::Unblocked& event, Nanoseconds at) {
  recorder_.put(trace::Unblocked{at, event.task});
}

void Tracer::take(const scheduler::WorkerJoined& event, Nanoseconds) {
  recorder_.put(trace::Worker{event.rank, event.node, event.resources});
}

void Tracer::take(const scheduler::WorkerLost& event, Nanoseconds at) {
  recorder_.put(trace::WorkerLost{at, event.rank});
}

}  // namespace rankine::runtime
