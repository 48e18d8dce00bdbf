// SPDX-License-Identifier: Apache-2.0
// The transport over MPI one-sided operations: rings in one MPI_Win_allocate window, locked by
// MPI_Win_lock_all for life, written by MPI_Put and MPI_Fetch_and_op (REPLACE, SUM) on the node and between
// nodes alike. It never uses compare-and-swap, never blocks for another rank's attention on one node, and
// calls no collective after its start.
#pragma once

#include <memory>

#include <mpi.h>

#include "transport/ring_transport.hpp"

namespace rankine::transport {

/// Rank 0's values hold for all ranks.
struct RmaOptions {
  RingLimits limits;
};

class RmaTransport final : public RingTransport {
 public:
  ~RmaTransport() override;

  void close(bool orderly) override;

 private:
  friend std::unique_ptr<RmaTransport> make_rma_transport(MPI_Comm, Doorbells, const RmaOptions&);
  class Window;
  RmaTransport(Rank rank, const Layout& layout, Doorbells doorbells, std::unique_ptr<Window> window);
  Window* window_;  // owned by the base class as its fabric
};

/// Collective over `comm`, which is duplicated. `doorbells.of` has an entry for each rank of `comm`, -1 for
/// ranks of other nodes. Needs MPI_THREAD_SERIALIZED if several threads take turns. Throws SystemError, which
/// names the MPI call and what to set, if the MPI library cannot do one-sided messaging between these ranks;
/// all ranks of a failed start throw, wherever MPI reports the failure on all of them.
std::unique_ptr<RmaTransport> make_rma_transport(MPI_Comm comm, Doorbells doorbells,
                                                 const RmaOptions& options = {});

}  // namespace rankine::transport
