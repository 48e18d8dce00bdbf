// SPDX-License-Identifier: Apache-2.0
// What is well and what is not, judged from facts that were collected before. Pure; doctor_facts collects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apps {

/// What ranks found out together.
struct Measured {
  /// MPI's levels, in their order.
  enum class Threads : std::uint8_t { single, funneled, serialized, multiple };
  int ranks = 1;
  int nodes = 1;
  int ranks_here = 1;  ///< on the fullest node
  int cpus_here = 1;   ///< that these ranks may use
  Threads threads = Threads::multiple;
  bool one_sided = true;             ///< a window was made and written to
  std::string one_sided_error = {};  ///< MPI's words
  double latency_us = 0;             ///< of 64 bytes one way, first to last rank; 0: a single rank
  double bandwidth = 0;              ///< of 1 MiB messages, bytes a second; 0: a single rank
};

struct DoctorFacts {
  bool root = false;
  bool root_allowed = false;  ///< Open MPI's two variables are set
  int cpus = 1;               ///< that were granted here

  std::string mpi;               ///< the library's own words; empty: unknown
  std::string mpirun;            ///< where it is; empty: nowhere
  std::vector<std::string> osc;  ///< one-sided components of Open MPI; empty: unknown
  bool ucx = false;              ///< Open MPI can send by UCX
  std::optional<Measured> measured;
  std::string not_measured = {};  ///< why

  std::uint64_t shared_bytes = 0;  ///< of /dev/shm
  std::uint64_t shared_free = 0;

  int gpus = 0;             ///< NVIDIA devices on the bus
  std::string gpu_driver;   ///< version; empty: none
  bool cuda_built = false;  ///< this program was built with CUDA
  std::string nccl;         ///< version; empty: not found

  std::string hdf5;       ///< version
  bool slurm = false;     ///< its commands are here
  std::string slurm_job;  ///< this is part of it; empty: of none
  int slurm_nodes = 1;    ///< of the job
};

enum class Health : std::uint8_t { well, doubtful, broken };

struct Finding {
  Health health = Health::well;
  std::string subject;
  std::string words;
  std::string remedy = {};  ///< a sentence; empty where all is well
};

/// At least one finding a subject; what would stop a run first stands first.
std::vector<Finding> judge(const DoctorFacts& facts);

}  // namespace apps
