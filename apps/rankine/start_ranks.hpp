// SPDX-License-Identifier: Apache-2.0
// Starts the ranks of a program on this machine or in this Slurm job, by slurm/launch.sh: signals, the death
// of ranks and exit codes are the script's business.
#pragma once

#include <string>
#include <vector>

#include "run_command.hpp"

namespace apps {

/// Becomes launch.sh. Returns only where there is nothing to start ranks with, which it says: the exit code.
/// Throws rankine::InputError where the script is not found, rankine::SystemError naming the call.
int start_ranks(const RunWishes& wishes);
/// This very command, with all its arguments.
std::vector<std::string> own_command();

}  // namespace apps
