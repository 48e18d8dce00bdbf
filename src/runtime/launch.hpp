// SPDX-License-Identifier: Apache-2.0
// From a launched process to a rank that can work: MPI, who is where, what was granted, the shared memory of
// the node, transport and store. Collective over all ranks; afterwards no collective is called until the
// orderly end.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <mpi.h>

#include "runtime/engine.hpp"
#include "runtime/topology.hpp"
#include "scheduler/types.hpp"
#include "store/store.hpp"
#include "transport/rma.hpp"

namespace rankine::runtime {

/// Owns MPI for the length of a run.
class MpiSession {
 public:
  MpiSession(int* argc, char*** argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  MPI_Comm comm() const { return comm_; }
  MPI_Comm node_comm() const { return node_comm_; }
  /// Ends all ranks at once, also those that are busy in user code.
  [[noreturn]] void abort(int code);
  /// Ranks are missing or stuck: nothing collective any more, not even MPI_Finalize.
  void abandon() { orderly_ = false; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
  MPI_Comm node_comm_ = MPI_COMM_NULL;
  bool initialised_here_ = false;
  bool orderly_ = true;
};

/// All that a rank works with.
struct Site {
  Topology topology;
  EngineSettings settings;
  std::unique_ptr<Segment> board;  ///< doorbells and AwakeCount
  std::unique_ptr<Store> store;
  std::unique_ptr<transport::RmaTransport> transport;
};

/// Throws SystemError, on all ranks, with the remedy.
Site settle(const MpiSession& session, const EngineSettings& wishes);

/// What variables make one-sided messaging work between nodes with Open MPI 4 as Debian builds it; those that
/// the user has not set, and only where the launcher tells of more than one node. To be called before
/// MPI_Init.
void prepare_environment();

/// CPUs that the ranks of a node may use together: those of the affinity masks, at most the cgroup's quota.
std::int32_t granted_cpus(MPI_Comm node_comm);

/// Bytes for the arena of a node: the option, RANKINE_ARENA_BYTES, or a default from what is free in
/// /dev/shm.
std::uint64_t arena_capacity(std::uint64_t wish, bool several_nodes);

}  // namespace rankine::runtime
