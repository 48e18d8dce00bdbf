// SPDX-License-Identifier: Apache-2.0
// Amounts of resources: what is asked for, and what was granted.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rankine {

namespace detail {
/// First member of option structs, so that a braced list of values ({1.0, 2.0}) can never become options.
struct NotPositional {
  explicit NotPositional() = default;
};
}  // namespace detail

/// One way of asking, for Options::alternatives: {.cpus = 16}.
struct Resources {
  detail::NotPositional not_positional = detail::NotPositional();

  double cpus = 1;                 ///< CPUs held while the task runs
  double gpus = 0;                 ///< up to 1 a share of a device, above that whole devices
  std::uint64_t memory_bytes = 0;  ///< main memory; 0: not counted
  std::vector<std::pair<std::string, double>> custom = {};  ///< amounts of resources named by the user
};

/// What the running task holds. The driver holds nothing.
struct Granted {
  double cpus = 0;
  double gpus = 0;
  std::vector<std::int32_t> gpu_ids;  ///< device indices as this process counts them, for cudaSetDevice
  std::uint64_t memory_bytes = 0;
  std::vector<std::pair<std::string, double>> custom;
  std::uint32_t choice = 0;  ///< 0: the options' own request; i: the i-th alternative, counted from 1
};

}  // namespace rankine
