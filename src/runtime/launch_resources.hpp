// SPDX-License-Identifier: Apache-2.0
// Gathers the facts that grants are made of: what each rank of a node finds about itself.
#pragma once

#include <cstdint>
#include <vector>

#include <mpi.h>

#include "runtime/grant.hpp"
#include "scheduler/types.hpp"

namespace rankine::runtime {

/// Collective over all ranks.
NodeFacts gather_facts(MPI_Comm comm, MPI_Comm node_comm);
/// CPUs that the ranks of a node may use together.
std::int32_t node_cpus(const NodeFacts& facts);
/// What each rank was granted, by rank. Collective over all ranks.
std::vector<scheduler::Resources> share_resources(MPI_Comm comm, const scheduler::Resources& mine);

}  // namespace rankine::runtime
