// SPDX-License-Identifier: Apache-2.0
// What the runtime tells a gang member about its gang. The public rk::Gang is made of it.
#pragma once

#include <atomic>
#include <cstdint>

namespace rankine::detail {

struct GangPlace {
  int rank = 0;
  int size = 1;
  int node = 0;  ///< of this member among the gang's nodes, in order of their first member
  int nodes = 1;
  int node_rank = 0;  ///< among the members on the same node
  int node_size = 1;
  const std::atomic<bool>* broken = nullptr;
  const void* communicator = nullptr;  ///< the gang's MPI_Comm; nullptr: ranks are threads of one process
};

}  // namespace rankine::detail
