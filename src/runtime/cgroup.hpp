// SPDX-License-Identifier: Apache-2.0
// What the control groups of a process allow it (Linux, versions 1 and 2). Files come through a function, so
// that tests bring their own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace rankine::runtime {

/// The contents of a file, or nothing if it cannot be read.
using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;
std::optional<std::string> read_file(const std::string& path);

struct CgroupLimits {
  std::string path;                           ///< processes of one group share its limits
  std::optional<double> cpus;                 ///< CPUs' worth of time; nothing: no quota
  std::optional<std::uint64_t> memory_bytes;  ///< nothing: no limit
};

/// The tightest limits of the process's group and all that enclose it.
CgroupLimits cgroup_limits(const ReadFile& read);

/// CPUs of cpu.max ("200000 100000" or "max 100000"); nothing for no quota or a damaged file.
std::optional<double> parse_cpu_max(const std::string& text);
/// Bytes of memory.max or memory.limit_in_bytes; "max" and version 1's huge numbers are no limit.
std::optional<std::uint64_t> parse_memory_max(const std::string& text);

}  // namespace rankine::runtime
