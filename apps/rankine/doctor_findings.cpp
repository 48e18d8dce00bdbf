// SPDX-License-Identifier: Apache-2.0
#include "doctor_findings.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace apps {

namespace {

constexpr double kMiB = 1024.0 * 1024.0;
/// Of /dev/shm: below the first ranks of a node may not start, below the second objects soon go to disk.
constexpr double kSharedLeast = 96 * kMiB;
constexpr double kSharedGood = 512 * kMiB;
constexpr double kSlowLatencyUs = 100;

using Findings = std::vector<Finding>;

int nodes_of(const DoctorFacts& facts) {
  return std::max(facts.slurm_nodes, facts.measured ? facts.measured->nodes : 1);
}

void judge_start(const DoctorFacts& facts, Findings& findings) {
  if (facts.mpirun.empty()) {
    findings.push_back({Health::broken, "mpirun", "is not on the PATH",
                        "Install Open MPI (Debian: openmpi-bin) or load its module."});
  } else {
    findings.push_back({Health::well, "mpirun", facts.mpirun});
  }
  if (facts.root && !facts.root_allowed) {
    findings.push_back(
        {Health::broken, "root", "mpirun refuses to start programs as root",
         "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or start programs by "
         "`rankine run`, which sets them."});
  } else {
    findings.push_back(
        {Health::well, "root", facts.root ? "you are root, and mpirun may be" : "you are not"});
  }
}

void judge_mpi(const DoctorFacts& facts, Findings& findings) {
  if (!facts.measured) {
    findings.push_back({Health::broken, "MPI", "two ranks could not be started: " + facts.not_measured,
                        "Try `mpirun -n 2 hostname`; what it says has to be mended first."});
    return;
  }
  const Measured& measured = *facts.measured;
  findings.push_back({Health::well, "MPI",
                      fmt::format("{}: {} ranks on {} node{} began and ended", facts.mpi, measured.ranks,
                                  measured.nodes, measured.nodes == 1 ? "" : "s")});
  using enum Measured::Threads;
  if (measured.threads < serialized) {
    findings.push_back(
        {Health::broken, "MPI threads",
         "MPI was built without threads: a run needs MPI_THREAD_SERIALIZED at least",
         "Use an MPI library with thread support (Open MPI: --enable-mpi-thread-multiple, on by "
         "default)."});
  } else if (measured.threads == serialized) {
    findings.push_back(
        {Health::doubtful, "MPI threads",
         "MPI grants MPI_THREAD_SERIALIZED: all works but gangs, whose members use MPI beside the "
         "runtime",
         "Use an MPI library that grants MPI_THREAD_MULTIPLE."});
  } else {
    findings.push_back({Health::well, "MPI threads", "MPI_THREAD_MULTIPLE"});
  }
}

void judge_messages(const DoctorFacts& facts, Findings& findings) {
  const bool far = nodes_of(facts) > 1;
  if (facts.ucx) {
    findings.push_back({Health::well, "UCX", "Open MPI can use it; between nodes the runtime asks for it"});
  } else if (far) {
    findings.push_back({Health::broken, "UCX",
                        "there is no UCX across nodes: messages go two-sided over what is left, often TCP",
                        "Use an Open MPI that was built --with-ucx, and install UCX (Debian: libucx0)."});
  } else {
    findings.push_back({Health::well, "UCX", "not there; it is needed between nodes only"});
  }
  const std::string parts =
      facts.osc.empty() ? "" : fmt::format(" (components: {})", fmt::join(facts.osc, ", "));
  if (!facts.measured) return;
  const Measured& measured = *facts.measured;
  if (!measured.one_sided) {
    findings.push_back(
        {Health::doubtful, "one-sided", "MPI could make no window" + parts + ": " + measured.one_sided_error,
         far ? "Messages go two-sided then. With UCX (OMPI_MCA_pml=ucx OMPI_MCA_osc=ucx,sm) windows "
               "work between nodes."
             : "Nothing stops: ranks of one node do not need it. Between nodes UCX makes it work."});
  } else {
    findings.push_back({Health::well, "one-sided", "a window was made and written to" + parts});
  }
  if (measured.ranks < 2) {
    findings.push_back({Health::doubtful, "messages", "a single rank has nobody to send to",
                        "Start it on two ranks or more: mpirun -n 2 rankine doctor."});
    return;
  }
  const std::string speed =
      fmt::format("{:.2f} us one way, {:.2f} GB/s, {}", measured.latency_us, measured.bandwidth * 1e-9,
                  measured.nodes > 1 ? "between nodes" : "on one node");
  if (measured.latency_us > kSlowLatencyUs) {
    findings.push_back({Health::doubtful, "messages", speed + ": that is slow",
                        "Look for other work on these cores, and for a network that MPI does not use."});
  } else {
    findings.push_back({Health::well, "messages", speed});
  }
}

void judge_machine(const DoctorFacts& facts, Findings& findings) {
  const int ranks = facts.measured ? facts.measured->ranks_here : 1;
  const int cpus = facts.measured ? facts.measured->cpus_here : facts.cpus;
  if (ranks > cpus + 1) {
    findings.push_back(
        {Health::doubtful, "cores",
         fmt::format("there are more ranks than cores: {} ranks of a node share {}", ranks, cpus),
         fmt::format("Start {} ranks there: one a core, and rank 0, which sleeps.", cpus + 1)});
  } else {
    findings.push_back({Health::well, "cores", fmt::format("{} granted here", cpus)});
  }
  const auto room = static_cast<double>(facts.shared_free);
  const std::string words = fmt::format("{:.0f} MiB of {:.0f} MiB are free", room / kMiB,
                                        static_cast<double>(facts.shared_bytes) / kMiB);
  const std::string remedy =
      "Enlarge it (mount -o remount,size=50% /dev/shm; containers: --shm-size=8g), or remove what others "
      "left "
      "there.";
  if (room < kSharedLeast) {
    findings.push_back(
        {Health::broken, "/dev/shm", "is small: " + words + ", and ranks of a node meet there", remedy});
  } else if (room < kSharedGood) {
    findings.push_back(
        {Health::doubtful, "/dev/shm", "is small: " + words + "; objects soon go to disk", remedy});
  } else {
    findings.push_back({Health::well, "/dev/shm", words});
  }
}

void judge_gpus(const DoctorFacts& facts, Findings& findings) {
  if (facts.gpus == 0) {
    findings.push_back({Health::well, "GPUs", "none here"});
    return;
  }
  if (facts.gpu_driver.empty()) {
    findings.push_back(
        {Health::broken, "GPUs", fmt::format("{} without a driver", facts.gpus),
         "Install NVIDIA's driver or ask for a node that has it; in a container, start it with the "
         "GPUs (--gpus all, apptainer --nv)."});
    return;
  }
  findings.push_back({Health::well, "GPUs", fmt::format("{}, driver {}", facts.gpus, facts.gpu_driver)});
  if (!facts.cuda_built) {
    findings.push_back({Health::doubtful, "CUDA", "this Rankine was built without it",
                        "Build with -DRANKINE_CUDA=ON where the CUDA toolkit and NCCL are installed."});
  } else if (facts.nccl.empty()) {
    findings.push_back({Health::broken, "NCCL", "is not found: gangs on GPUs need it",
                        "Install libnccl2 or load its module."});
  } else {
    findings.push_back({Health::well, "NCCL", facts.nccl});
  }
}

void judge_rest(const DoctorFacts& facts, Findings& findings) {
  findings.push_back({Health::well, "HDF5", facts.hdf5});
  if (!facts.slurm) {
    findings.push_back({Health::well, "Slurm", "not here"});
  } else if (facts.slurm_job.empty()) {
    findings.push_back({Health::well, "Slurm", "here; this is not part of a job"});
  } else {
    findings.push_back(
        {Health::well, "Slurm", fmt::format("job {} on {} nodes", facts.slurm_job, facts.slurm_nodes)});
  }
}

}  // namespace

std::vector<Finding> judge(const DoctorFacts& facts) {
  Findings findings;
  judge_start(facts, findings);
  judge_mpi(facts, findings);
  judge_messages(facts, findings);
  judge_machine(facts, findings);
  judge_gpus(facts, findings);
  judge_rest(facts, findings);
  return findings;
}

}  // namespace apps
