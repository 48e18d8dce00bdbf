// SPDX-License-Identifier: Apache-2.0
// The transport between ranks that are threads of one process: the ring code over plain memory. For unit
// tests and for runs without mpirun; it never includes <mpi.h>.
#pragma once

#include <memory>

#include "transport/ring_transport.hpp"

namespace rankine::transport {

/// The shared memory of all ranks. Endpoints keep it alive, so the hub itself may go first.
class LoopbackHub {
 public:
  /// All ranks count as one node. Throws InputError if the limits cannot be met.
  explicit LoopbackHub(int ranks, const RingLimits& limits = {});

  /// The transport of one rank, to be made once a rank, by any thread.
  std::unique_ptr<RingTransport> endpoint(Rank rank);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace rankine::transport
