// SPDX-License-Identifier: Apache-2.0
// The transport over MPI two-sided messaging: batches by MPI_Isend, MPI_Iprobe and MPI_Irecv. For networks
// where one-sided messaging does not exist or is slower. It calls no collective between start and end.
#pragma once

#include <memory>

#include <mpi.h>

#include "transport/batch_transport.hpp"

namespace rankine::transport {

/// Rank 0's values hold for all ranks.
struct P2pOptions {
  RingLimits limits;
};

class P2pTransport final : public BatchTransport {
 public:
  void close(bool orderly) override;

 private:
  friend std::unique_ptr<P2pTransport> make_p2p_transport(MPI_Comm, Doorbells, const P2pOptions&);
  class MpiPost;
  P2pTransport(Rank rank, int ranks, std::size_t window_bytes, Doorbells doorbells,
               std::unique_ptr<MpiPost> post);
  MPI_Comm comm_;
};

/// Collective over `comm`, which is duplicated. `doorbells.of` has an entry for each rank of `comm`, -1 for
/// ranks of other nodes. Needs MPI_THREAD_SERIALIZED if several threads take turns. Throws SystemError naming
/// the MPI call.
std::unique_ptr<P2pTransport> make_p2p_transport(MPI_Comm comm, Doorbells doorbells,
                                                 const P2pOptions& options = {});

}  // namespace rankine::transport
