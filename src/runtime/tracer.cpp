// SPDX-License-Identifier: Apache-2.0
#include "runtime/tracer.hpp"

#include <variant>

#include "runtime/blob.hpp"
#include "runtime/failure.hpp"

namespace rankine::runtime {

namespace {
constexpr std::uint32_t kFailuresMax = 1000;
constexpr std::size_t kFailureBytes = 300;
}  // namespace

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
  submission_.key = std::exchange(key_, 0);
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
  for (std::size_t i = 0; i < event.outcomes.size(); ++i) {
    const scheduler::Outcome& outcome = event.outcomes[i];
    piece.bytes += outcome.value.bytes;
    if (!outcome.failed) [[likely]]
      continue;
    ++piece.failed;
    note_failure(offset(event.first, i), outcome.value, at);
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

void Tracer::note_failure(TaskId task, const scheduler::Value& packed, Nanoseconds at) {
  const Blob* blob = as_blob(packed.payload);
  if (++failures_ > kFailuresMax || blob == nullptr || blob->located != 0) return;
  const Failure failure = unpack_failure(blob->inline_bytes());
  std::string words = failure.parts.type + ": " + failure.parts.text;
  if (words.size() > kFailureBytes) words.resize(kFailureBytes);
  recorder_.put(trace::Failed{at, task, std::move(words)});
}

void Tracer::take(const scheduler::CancelRequested& event, Nanoseconds at) {
  recorder_.put(trace::Cancelled{at, event.first, event.count});
}

void Tracer::note(const StoreCounters& counters, Time now) {
  using enum Counter;
  memory_at_ = now;
  recorder_.put(trace::Memory{recorder_.since_begin(now), counters[capacity_bytes], counters[used_bytes],
                              counters[disk_bytes], counters[spilled_bytes], counters[restored_objects],
                              counters[pulled_bytes]});
}

void Tracer::take(const scheduler::WorkerLost& event, Nanoseconds at) {
  recorder_.put(trace::WorkerLost{at, event.rank});
}

}  // namespace rankine::runtime
