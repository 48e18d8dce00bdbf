// SPDX-License-Identifier: Apache-2.0
#include "transport/gathering.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <rankine/core/check.hpp>

#include "transport/mpi_error.hpp"

namespace rankine::transport {

Gathering gather(MPI_Comm comm, const Doorbells& doorbells, const RingLimits& limits) {
  Gathering g;
  g.limits = limits;
  check_mpi(MPI_Comm_dup(comm, &g.comm), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(g.comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_rank(g.comm, &g.rank), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(g.comm, &g.ranks), "MPI_Comm_size");
  check(doorbells.of.size() == static_cast<std::size_t>(g.ranks), "one entry a rank in Doorbells::of");
  g.ranks_on_node =
      static_cast<int>(std::ranges::count_if(doorbells.of, [](std::int32_t at) { return at >= 0; }));
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &g.ranks_on_node, 1, MPI_INT, MPI_MAX, g.comm), "MPI_Allreduce");
  static_assert(std::is_trivially_copyable_v<RingLimits>);
  check_mpi(MPI_Bcast(&g.limits, sizeof g.limits, MPI_BYTE, 0, g.comm), "MPI_Bcast");
  return g;
}

}  // namespace rankine::transport
