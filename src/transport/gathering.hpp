// SPDX-License-Identifier: Apache-2.0
// What both MPI back ends do together before the first message: a communicator of their own, and the numbers
// from which every rank derives the same layout.
#pragma once

#include <mpi.h>

#include "transport/doorbell.hpp"
#include "transport/layout.hpp"

namespace rankine::transport {

struct Gathering {
  MPI_Comm comm = MPI_COMM_NULL;  ///< a copy, whose errors are returned
  int rank = 0;
  int ranks = 0;
  int ranks_on_node = 0;  ///< of the fullest node
  RingLimits limits;      ///< those of rank 0
};

/// Collective over `comm`. Throws SystemError if MPI fails.
Gathering gather(MPI_Comm comm, const Doorbells& doorbells, const RingLimits& limits);

}  // namespace rankine::transport
