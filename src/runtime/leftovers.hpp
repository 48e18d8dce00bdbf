// SPDX-License-Identifier: Apache-2.0
// What Open MPI leaves in shared memory when processes die or leave without MPI_Finalize.
#pragma once

namespace rankine::runtime {

/// Removes the names of Open MPI's files in /dev/shm that this process has mapped: its own and, on the same
/// node, those of the other ranks of this job. Whoever has them mapped goes on. To be called when no rank
/// will open one any more: before a process leaves for good.
void remove_mpi_files();

}  // namespace rankine::runtime
