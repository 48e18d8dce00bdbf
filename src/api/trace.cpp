// SPDX-License-Identifier: Apache-2.0
#include <rankine/trace.hpp>

#include "trace/chrome.hpp"
#include "trace/recording.hpp"

namespace rankine {

namespace {

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

}  // namespace

TraceSummary summarise_trace(const std::string& run) {
  return summary_of(trace::read_recording(run));
}

TraceSummary write_trace_json(const std::string& run, std::ostream& to) {
  const trace::Recording recording = trace::read_recording(run);
  trace::write_chrome(recording, to);
  return summary_of(recording);
}

}  // namespace rankine
