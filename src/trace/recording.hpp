// SPDX-License-Identifier: Apache-2.0
// A trace as it was read: tables in the order of time. A torn end is cut off and said.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trace/record.hpp"

namespace rankine::trace {

struct Recording {
  std::string path;
  Begin begin;
  std::vector<Class> classes;  ///< by number
  std::vector<Worker> workers;
  std::vector<WorkerLost> lost;
  std::vector<Submission> submissions;
  std::vector<Piece> pieces;
  /// Of the tasks.
  struct Pause {
    TaskId task{};
    Nanoseconds from = 0;
    Nanoseconds to = 0;
    std::size_t pieces = 0;       ///< so many of `pieces` had ended before it ended,
    std::size_t submissions = 0;  ///< and so many were submitted before it began
  };
  std::vector<Pause> pauses;
  /// Of the driver.
  struct Wait {
    Waited waited;
    std::size_t pieces = 0;       ///< so many of `pieces` had ended before it ended,
    std::size_t submissions = 0;  ///< and so many were submitted before it
  };
  std::vector<Wait> waits;
  std::vector<Cancelled> cancelled;
  std::vector<Memory> memory;
  std::vector<Failed> failures;
  std::optional<End> end;
  std::string trouble;  ///< why it ends where it ends, for people; empty: it is complete
  std::uint64_t bytes = 0;

  /// When the last thing happened.
  Nanoseconds length() const;
};

/// `run`: a run directory, or a trace. Throws InputError where there is none or it is none, SystemError.
Recording read_recording(const std::string& run);

}  // namespace rankine::trace
