// SPDX-License-Identifier: Apache-2.0
// What the job's processes on this machine cost: the CPU time of each rank, all its threads together; and
// when MPI began and ended its start.
#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace rankine::bench {

/// Processes of all ranks, by rank. Collective over MPI_COMM_WORLD, before the runtime's own use of MPI.
std::vector<pid_t> processes_of_ranks();

/// CPU time of a process in seconds, all its threads, also those that have ended. Throws SystemError where
/// the process is not of this machine.
double cpu_seconds(pid_t process);
std::vector<double> cpu_seconds(const std::vector<pid_t>& processes);
/// Of the calling thread alone.
double own_cpu_seconds();

/// When this process entered and left MPI_Init_thread, whoever called it.
struct MpiStart {
  double began = 0;
  double ended = 0;
};
MpiStart mpi_start();

/// Times in seconds from waking another process that sleeps on a futex word in shared memory until its answer
/// was seen by polling, each after a pause in which it fell asleep.
class FutexAnswers {
 public:
  static constexpr double kShortPause = 0.002;
  static constexpr double kLongPause = 0.03;

  /// Collective over MPI_COMM_WORLD: ranks 0 and 1 measure, the others sleep meanwhile.
  explicit FutexAnswers(int count);
  /// On rank 0; empty where rank 1 is on another machine.
  const std::vector<double>& after(double pause_s) const { return pause_s < kLongPause ? short_ : long_; }

 private:
  std::vector<double> short_;
  std::vector<double> long_;
};

}  // namespace rankine::bench
