// SPDX-License-Identifier: Apache-2.0
#include <rankine/trace.hpp>

#include <map>

#include "api/trace_summary.hpp"
#include "trace/chrome.hpp"
#include "trace/recording.hpp"
#include "trace/slices.hpp"

namespace rankine {

TraceSummary summary_of(const trace::Recording& recording) {
  TraceSummary summary;
  summary.path = recording.path;
  summary.program = recording.begin.program;
  summary.bytes = recording.bytes;
  summary.ranks = static_cast<int>(recording.begin.ranks);
  for (const trace::Submission& submission : recording.submissions) summary.tasks += submission.count;
  for (const trace::Piece& piece : recording.pieces) {
    summary.finished += piece.count;
    summary.failed += piece.failed;
    summary.busy_seconds += static_cast<double>(piece.busy) * 1e-9;
  }
  summary.pieces = recording.pieces.size();
  summary.seconds = static_cast<double>(recording.length()) * 1e-9;
  if (recording.end) summary.left_out = recording.end->left_out;
  summary.trouble = recording.trouble;
  return summary;
}

namespace {

double seconds(double nanoseconds) {
  return nanoseconds * 1e-9;
}
double seconds(Nanoseconds nanoseconds) {
  return seconds(static_cast<double>(nanoseconds));
}

/// The names of functions, each once.
class Functions {
 public:
  std::uint32_t number_of(const std::string& name) {
    const auto [place, fresh] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (fresh) names_.push_back(name);
    return place->second;
  }
  std::vector<std::string> take() { return std::move(names_); }

 private:
  std::map<std::string, std::uint32_t> numbers_;
  std::vector<std::string> names_;
};

TraceTimeline::Slice slice_of(const trace::Slice& from, const trace::Recording& recording,
                              Functions& functions) {
  const trace::Piece& piece = *from.piece;
  TraceTimeline::Slice slice;
  slice.from = seconds(from.from);
  slice.to = seconds(from.to);
  slice.busy = seconds(piece.busy);
  slice.task = number(piece.first);
  slice.bytes = piece.bytes;
  slice.count = piece.count;
  slice.failed = piece.failed;
  slice.attempt = piece.attempt;
  slice.rank = index(piece.worker);
  slice.row = static_cast<std::uint32_t>(from.row);
  if (from.owner != nullptr) {
    slice.submitted = seconds(from.owner->at);
    slice.element = number(piece.first) - number(from.owner->first);
    slice.function = functions.number_of(recording.classes[from.owner->task_class].options.name);
  } else {
    slice.function = functions.number_of("task");
  }
  return slice;
}

std::vector<TraceTimeline::Rank> ranks_of(const trace::Recording& recording,
                                          const std::vector<trace::Slice>& slices) {
  std::map<Rank, std::uint64_t> tasks;
  for (const trace::Slice& slice : slices) tasks[slice.piece->worker] += slice.piece->count;
  std::vector<TraceTimeline::Rank> ranks;
  for (const trace::TimeUse& use : trace::time_uses(recording, slices)) {
    TraceTimeline::Rank rank;
    rank.rank = index(use.rank);
    for (const trace::Worker& worker : recording.workers)
      if (worker.rank == use.rank) rank.node = index(worker.node);
    rank.cpus = use.cpus;
    rank.granted = seconds(use.granted);
    rank.executing = seconds(use.executing);
    rank.idle_waited_for = seconds(use.idle_waited_for);
    rank.idle_nothing = seconds(use.idle_nothing);
    rank.tasks = tasks[use.rank];
    for (const trace::WorkerLost& lost : recording.lost)
      if (lost.rank == use.rank) rank.lost_at = seconds(lost.at);
    ranks.push_back(rank);
  }
  return ranks;
}

}  // namespace

TraceTimeline read_timeline(const std::string& run) {
  const trace::Recording recording = trace::read_recording(run);
  const std::vector<trace::Slice> slices = trace::slices_of(recording);
  Functions functions;
  TraceTimeline timeline;
  timeline.summary = summary_of(recording);
  timeline.began_unix = seconds(static_cast<double>(recording.begin.unix_ns));
  if (recording.end) timeline.driver_left = seconds(recording.end->driver_left);
  timeline.slices.reserve(slices.size());
  for (const trace::Slice& slice : slices) timeline.slices.push_back(slice_of(slice, recording, functions));
  timeline.functions = functions.take();
  timeline.ranks = ranks_of(recording, slices);
  for (const trace::Recording::Wait& wait : recording.waits)
    timeline.driver_waits.push_back({seconds(wait.waited.at - wait.waited.length), seconds(wait.waited.at)});
  for (const trace::Memory& m : recording.memory)
    timeline.memory.push_back({seconds(m.at), m.capacity_bytes, m.used_bytes, m.disk_bytes, m.spilled_bytes,
                               m.restored_objects, m.pulled_bytes});
  for (const trace::Failed& failed : recording.failures)
    timeline.failures.push_back({seconds(failed.at), number(failed.task), failed.words});
  for (const trace::Cancelled& cancelled : recording.cancelled)
    timeline.cancelled.push_back({seconds(cancelled.at), number(cancelled.first), cancelled.count});
  return timeline;
}

TraceSummary summarise_trace(const std::string& run) {
  return summary_of(trace::read_recording(run));
}

TraceSummary write_trace_json(const std::string& run, std::ostream& to) {
  const trace::Recording recording = trace::read_recording(run);
  trace::write_chrome(recording, to);
  return summary_of(recording);
}

}  // namespace rankine
