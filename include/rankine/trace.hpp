// SPDX-License-Identifier: Apache-2.0
// The trace of a run for people and programs that look at it from outside: `rankine trace RUN`.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

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

/// The whole run, for pictures: what ran where and when. Times in seconds since the run began.
struct TraceTimeline {
  /// A task, or consecutive elements of a map that ran together.
  struct Slice {
    double from = 0;
    double to = 0;    ///< waits for other tasks included
    double busy = 0;  ///< seconds on the CPU
    double submitted = 0;
    std::uint64_t task = 0;      ///< number of the first
    std::uint64_t element = 0;   ///< of its map, of the first
    std::uint64_t bytes = 0;     ///< of the results
    std::uint32_t count = 1;     ///< elements
    std::uint32_t failed = 0;    ///< elements that threw
    std::uint32_t function = 0;  ///< index of `functions`
    std::uint32_t attempt = 1;
    int rank = 0;
    std::uint32_t row = 0;  ///< of the rank: slices of a row do not overlap
  };
  /// What a rank did, in CPU seconds; the three parts are `granted` together.
  struct Rank {
    int rank = 0;
    int node = 0;
    double cpus = 1;
    double granted = 0;  ///< CPUs times the seconds that it was there
    double executing = 0;
    double idle_waited_for = 0;  ///< idle while tasks waited: for rank 0, messages, dependencies or room
    double idle_nothing = 0;     ///< idle, and no task waited
    std::uint64_t tasks = 0;     ///< that ended there
    double lost_at = -1;         ///< negative: it lived
  };
  /// The objects of rank 0's node, about once a second. Bytes.
  struct Memory {
    double at = 0;
    std::uint64_t capacity = 0;
    std::uint64_t used = 0;              ///< in shared memory now
    std::uint64_t disk = 0;              ///< on disk now
    std::uint64_t spilled = 0;           ///< written to disk so far
    std::uint64_t restored_objects = 0;  ///< read back so far
    std::uint64_t pulled = 0;            ///< copied there from other nodes so far
  };
  struct Failure {
    double at = 0;
    std::uint64_t task = 0;
    std::string words;  ///< type and text of what it threw
  };
  struct Cancelled {
    double at = 0;
    std::uint64_t task = 0;  ///< the first
    std::uint32_t count = 1;
  };
  struct Span {
    double from = 0;
    double to = 0;
  };
  TraceSummary summary;
  double began_unix = 0;    ///< seconds since 1970
  double driver_left = -1;  ///< the driver returned; negative: not recorded
  std::vector<std::string> functions;
  std::vector<Slice> slices;  ///< in the order of `from`
  std::vector<Rank> ranks;    ///< those that execute tasks
  std::vector<Span> driver_waits;
  std::vector<Memory> memory;
  std::vector<Failure> failures;     ///< the first 1,000
  std::vector<Cancelled> cancelled;  ///< that somebody asked for
};

/// Errors as summarise_trace.
TraceTimeline read_timeline(const std::string& run);

}  // namespace rankine
