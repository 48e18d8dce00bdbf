// SPDX-License-Identifier: Apache-2.0
// The trace of a run for people and programs that look at it from outside: `rankine trace RUN`.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

namespace rankine {

struct TraceSummary {
  std::string path;
  std::string program;
  std::uint64_t bytes = 0;
  int ranks = 0;
  std::uint64_t tasks = 0;     ///< submitted, the elements of maps counted one by one
  std::uint64_t finished = 0;  ///< of them, ended on a worker
  std::uint64_t pieces = 0;    ///< in which they travelled
  std::uint64_t failed = 0;    ///< threw
  double seconds = 0;          ///< of the run, as far as it is recorded
  double busy_seconds = 0;     ///< of all tasks
  std::uint64_t left_out = 0;  ///< records that were not written
  std::string trouble;         ///< why it ends early; empty: it is complete
};

/// `run`: a run directory, or a trace. Throws InputError where there is none, SystemError where it cannot be
/// read.
TraceSummary summarise_trace(const std::string& run);
/// As JSON for Perfetto (ui.perfetto.dev) and chrome://tracing.
TraceSummary write_trace_json(const std::string& run, std::ostream& to);

}  // namespace rankine
