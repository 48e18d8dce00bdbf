// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch_resources.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <string>

#include <sched.h>
#include <unistd.h>

#include "runtime/cgroup.hpp"
#include "runtime/gpu_devices.hpp"
#include "runtime/options_codec.hpp"
#include "transport/mpi_error.hpp"

namespace rankine::runtime {

namespace {

using transport::check_mpi;

/// What this rank finds about itself before it knows of the others.
RankFacts find_facts(bool executes) {
  RankFacts facts;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) CPU_SET(0, &mask);
  for (std::size_t cpu = 0; cpu < kCpusMax; ++cpu) facts.mask[cpu] = CPU_ISSET(cpu, &mask);
  const CgroupLimits limits = cgroup_limits(read_file);
  facts.cpu_quota = limits.cpus.value_or(0);
  facts.memory_limit = limits.memory_bytes.value_or(0);
  facts.cgroup = std::hash<std::string>()(limits.path);
  const Environment environment = relevant_environment();
  facts.gpu_set = std::hash<std::string>()(gpu_setting(environment));
  const std::optional<std::int32_t> counted = count_gpu_devices();
  facts.gpus = counted ? *counted : visible_gpus(environment).value_or(0);
  facts.executes = executes;
  return facts;
}

}  // namespace

NodeFacts gather_facts(MPI_Comm comm, MPI_Comm node_comm) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  int slot = 0;
  int here = 0;
  MPI_Comm_rank(node_comm, &slot);
  MPI_Comm_size(node_comm, &here);
  const RankFacts mine = find_facts(rank != index(kHead) || size == 1);
  NodeFacts facts;
  facts.ranks.resize(static_cast<std::size_t>(here));
  facts.here = static_cast<std::size_t>(slot);
  check_mpi(MPI_Allgather(&mine, sizeof mine, MPI_BYTE, facts.ranks.data(), sizeof mine, MPI_BYTE, node_comm),
            "MPI_Allgather");
  facts.memory_bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return facts;
}

std::int32_t node_cpus(const NodeFacts& facts) {
  CpuMask all;
  std::map<std::uint64_t, double> quotas;
  bool limited = true;
  for (const RankFacts& rank : facts.ranks) {
    all |= rank.mask;
    quotas[rank.cgroup] = rank.cpu_quota;
    limited = limited && rank.cpu_quota > 0;
  }
  auto cpus = static_cast<double>(all.count());
  double quota = 0;
  for (const auto& [group, allowed] : quotas) quota += allowed;
  if (limited) cpus = std::min(cpus, quota + 0.5);
  return std::max(1, static_cast<std::int32_t>(cpus));
}

std::vector<scheduler::Resources> share_resources(MPI_Comm comm, const scheduler::Resources& mine) {
  const std::vector<std::byte> packed = pack_resources(mine);
  int size = 0;
  MPI_Comm_size(comm, &size);
  auto bytes = static_cast<int>(packed.size());
  std::vector<int> counts(static_cast<std::size_t>(size));
  check_mpi(MPI_Allgather(&bytes, 1, MPI_INT, counts.data(), 1, MPI_INT, comm), "MPI_Allgather");
  std::vector<int> starts(counts.size() + 1, 0);
  std::partial_sum(counts.begin(), counts.end(), starts.begin() + 1);
  std::vector<std::byte> all(static_cast<std::size_t>(starts.back()));
  check_mpi(MPI_Allgatherv(packed.data(), bytes, MPI_BYTE, all.data(), counts.data(), starts.data(), MPI_BYTE,
                           comm),
            "MPI_Allgatherv");
  std::vector<scheduler::Resources> resources;
  for (std::size_t r = 0; r < counts.size(); ++r) {
    resources.push_back(unpack_resources(
        std::span(all).subspan(static_cast<std::size_t>(starts[r]), static_cast<std::size_t>(counts[r]))));
  }
  return resources;
}

}  // namespace rankine::runtime
