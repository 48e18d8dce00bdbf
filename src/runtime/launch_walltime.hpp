// SPDX-License-Identifier: Apache-2.0
// What the environment and Slurm say of the end of the allocation.
#pragma once

#include <string>
#include <vector>

#include "runtime/walltime.hpp"

namespace rankine::runtime {

/// Facts of this process, which started at `start`. Slurm's squeue is asked only if it is needed, for at most
/// five seconds.
WallTimeFacts gather_wall_time(Nanoseconds option, Nanoseconds option_margin, Time start);

struct Answer {
  bool good = false;   ///< the program ended in time and with code 0
  std::string text{};  ///< what it wrote to its standard output, without the end of the last line
};
/// Runs a program, for at most `limit`; then it is killed.
Answer ask_program(const std::vector<std::string>& command, Nanoseconds limit);

/// How long after SIGTERM this process may live: mpirun kills the ranks a second later, unless its
/// odls_base_sigkill_timeout was raised. Nothing: nobody is known to be in a hurry.
std::optional<Nanoseconds> grace_after_sigterm();

}  // namespace rankine::runtime
