// SPDX-License-Identifier: Apache-2.0
// What a rank may use: its part of what the launcher, the control group and the user's settings grant to the
// ranks of its node. Pure functions of facts that were gathered before; never the count of all cores.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/types.hpp"

namespace rankine::runtime {

constexpr std::size_t kCpusMax = 1024;  ///< what an affinity mask of the kernel's usual size holds
using CpuMask = std::bitset<kCpusMax>;
using Environment = std::map<std::string, std::string>;

/// What one rank finds about itself. Trivially copyable: ranks of a node exchange it.
struct RankFacts {
  CpuMask mask;
  double cpu_quota = 0;            ///< of its control group; 0: none
  std::uint64_t memory_limit = 0;  ///< of its control group in bytes; 0: none
  std::uint64_t cgroup = 0;        ///< equal for ranks of one group
  std::uint64_t gpu_set = 0;       ///< equal for ranks that see the same devices
  std::int32_t gpus = 0;           ///< devices that this process sees
  bool executes = true;            ///< false for the head, unless it is alone: it gets no GPU
};

struct NodeFacts {
  std::vector<RankFacts> ranks;  ///< by slot
  std::size_t here = 0;          ///< slot of this rank
  std::uint64_t memory_bytes = 0;
};

/// What the user's settings say; each wins over what was found, and over the environment.
struct GrantWishes {
  std::int32_t cpus = 0;  ///< 0: as found
  std::optional<std::int32_t> gpus = {};
  std::vector<std::pair<std::string, double>> custom = {};
};

struct Grant {
  scheduler::Resources resources;
  /// Indices of the devices, as this process counts them; with less than one device: the shared one.
  std::vector<std::int32_t> gpus;
};

/// Throws InputError naming the wrong setting and what it may be.
Grant grant(const NodeFacts& facts, const Environment& environment, const GrantWishes& wishes);

// ---- the parts ----

/// CPUs of the rank at `here`: each CPU goes to one of the ranks whose mask has it, evenly; at least 1.
std::int32_t fair_cpus(const std::vector<RankFacts>& ranks, std::size_t here);
/// How many GPU devices the environment shows to this process; nothing if it does not say.
std::optional<std::int32_t> visible_gpus(const Environment& environment);
/// "licence=2,fpga=1"
std::vector<std::pair<std::string, double>> parse_resources(const std::string& text);
/// A name for what `visible_gpus` read: equal for ranks that see the same.
std::string gpu_setting(const Environment& environment);

/// The variables that grant() reads.
Environment relevant_environment();

}  // namespace rankine::runtime
