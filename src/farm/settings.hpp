// SPDX-License-Identifier: Apache-2.0
// What may be said about a command of a farm besides its text: resources, time limit, retries. Words of the
// form name=value, in `#@` lines, columns and options alike. Starts nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankine::farm {

struct Settings {
  double cpus = 1;
  double gpus = 0;
  std::uint64_t memory_bytes = 0;  ///< 0: not counted
  double timeout_s = 0;            ///< of one attempt; 0: none
  std::int32_t retries = 0;        ///< further attempts of a command that failed
  std::int32_t priority = 0;       ///< larger goes first
  std::string name = {};
  std::vector<std::pair<std::string, double>> custom = {};  ///< amounts of resources of the site's own

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// Sets one of cpus, gpus, memory, timeout, retries, priority, name and resource.NAME. Throws InputError
/// naming the setting, its value and what it may be.
void apply(Settings& settings, std::string_view name, std::string_view value);
/// All of "cpus=2 memory=4G timeout=10m".
void apply_all(Settings& settings, std::string_view words);

/// "4G", "512M", "1.5Gi", "100" (bytes): powers of 1024. Throws InputError.
std::uint64_t parse_bytes(std::string_view text);

}  // namespace rankine::farm
