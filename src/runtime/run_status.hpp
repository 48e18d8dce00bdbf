// SPDX-License-Identifier: Apache-2.0
// The file RUN/status: how a run stands, for launch scripts. `mpirun --enable-recovery` returns 0 whatever
// happened, so this file says what the exit code is. JSON with one "key": value a line, so that a shell reads
// it with sed (slurm/exit_code.sh does):
//
//   state            "running"; at the end "finished" (the driver returned), "failed" (it threw or returned
//                    1), "drained" (stopped in good order before all was done) or "interrupted" (a second
//                    Ctrl-C)
//   pid, host        of the head; ranks: how many; started: when, in UTC
//   code             the exit code of the run; only at the end, as are the following ones
//   seconds          from start to end
//   reason           why it drained
//   tasks_submitted, tasks_finished, tasks_failed, tasks_cancelled, tasks_retried, tasks_left
//   ranks_lost       how many died
//   requeue          true: it was drained with work left and shall be started again
//
// A launch script removes the file before the start. No file, or "running" after the job's end, is a failure.
// The file is replaced in one step and on disk before the process ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <rankine/core/time.hpp>

namespace rankine::runtime {

/// How a run ended.
struct RunEnd {
  std::string state;
  int code = 0;
  std::string reason = {};
  std::uint64_t submitted = 0;
  std::uint64_t finished = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t retried = 0;
  std::uint64_t left = 0;
  int ranks_lost = 0;
  bool requeue = false;
};

/// Makes the run directory if it is not there and returns its absolute path. Throws SystemError with the
/// remedy if it cannot be made or written to.
std::string prepare_run_directory(const std::string& directory);

class RunStatus {
 public:
  /// Says "running". Throws SystemError if the file cannot be written.
  RunStatus(const std::filesystem::path& directory, int ranks);
  /// Says how the run ended; what goes wrong is said on standard error.
  void end(const RunEnd& end) const;

 private:
  std::string facts() const;

  std::filesystem::path path_;
  int ranks_;
  std::string host_;
  std::string started_;
  Time start_;
};

}  // namespace rankine::runtime
