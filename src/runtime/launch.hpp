// SPDX-License-Identifier: Apache-2.0
// From a launched process to a rank that can work: MPI, who is where, what was granted, the shared memory of
// the node, transport and store. Collective over all ranks; afterwards no collective is called until the
// orderly end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpi.h>

#include "runtime/engine.hpp"
#include "runtime/gang_comms.hpp"
#include "runtime/run_status.hpp"
#include "runtime/topology.hpp"
#include "scheduler/types.hpp"
#include "store/store.hpp"
#include "transport/transport.hpp"

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
  /// nullptr where MPI does not let several threads call it at once.
  GangComms* gang_comms() const { return gang_comms_.get(); }
  /// Ends all ranks at once, also those that are busy in user code.
  [[noreturn]] void abort(int code);
  /// The program cannot begin: says why, once where all ranks are here, and ends with exit code 2.
  [[noreturn]] void refuse(const std::string& sentence);
  /// Ranks are missing or stuck: nothing collective any more, not even MPI_Finalize.
  void abandon() { orderly_ = false; }

 private:
  void end();

  MPI_Comm comm_ = MPI_COMM_NULL;
  MPI_Comm node_comm_ = MPI_COMM_NULL;
  std::unique_ptr<GangComms> gang_comms_;
  bool initialised_here_ = false;
  bool orderly_ = true;
};

/// All that a rank works with.
struct Site {
  Topology topology;
  EngineSettings settings;
  std::unique_ptr<Segment> board;  ///< doorbells, AwakeCount and who crashed
  std::unique_ptr<Segment> rings;  ///< where messages travel in memory that the node's ranks share
  std::unique_ptr<Store> store;
  std::unique_ptr<transport::Transport> transport;
  std::optional<RunStatus> status;  ///< on the head, if there is a run directory
  std::unique_ptr<Sentinel> sentinel;
};

/// Throws SystemError, on all ranks, with the remedy. The run directory is what the head says, as an absolute
/// path.
Site settle(const MpiSession& session, const EngineSettings& wishes);

/// Sets the variables that make one-sided messaging work between nodes with Open MPI 4 as Debian builds it:
/// only where the launcher tells of more than one node, where Open MPI has its UCX parts, and where the user
/// has not chosen MPI's networks himself (OMPI_MCA_pml, _osc or _btl). To be called before MPI_Init.
void prepare_environment();

/// 0 where it is not set or no number.
int number_in_environment(const char* name);

/// Bytes for the arena of a node: the option, RANKINE_ARENA_BYTES, or a default from what is free in
/// /dev/shm.
std::uint64_t arena_capacity(std::uint64_t wish, bool remote_reads);

}  // namespace rankine::runtime
