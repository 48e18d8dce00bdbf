// SPDX-License-Identifier: Apache-2.0
// Starts this very command again as the ranks of a job on this machine, and ends with the run's own exit
// code, which mpirun does not tell. Ctrl-C makes the run stop in good order, a second one ends it at once.
#pragma once

#include <filesystem>

namespace apps {

/// `run`: the run directory that the command will use. Returns the exit code. Throws rankine::SystemError
/// naming the call; 2 where mpirun could not start the ranks, which it says itself.
int start_ranks(int ranks, const std::filesystem::path& run);

}  // namespace apps
