// SPDX-License-Identifier: Apache-2.0
// What may be said about a task besides its arguments, by designated initialisers: submit<f>({.cpus = 2}, x).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>

namespace rankine {

namespace detail {
/// First member of Options, so that a braced list of values ({1.0, 2.0}) can never become options.
struct NotPositional {
  explicit NotPositional() = default;
};
}  // namespace detail

enum class Placement : std::uint8_t {
  pack,    ///< the most recently active worker that fits; idle ranks stay asleep
  spread,  ///< the rank, then the node, with the least in use
};

struct Options {
  detail::NotPositional not_positional = detail::NotPositional();

  double cpus = 1;                 ///< CPUs held while the task runs; a rank has one execution slot a CPU
  double gpus = 0;                 ///< GPUs, fractions allowed
  std::uint64_t memory_bytes = 0;  ///< main memory the task will use at most; 0: not counted
  std::vector<std::pair<std::string, double>> custom = {};  ///< amounts of resources named by the user
  std::int32_t priority = 0;                                ///< among ready tasks larger goes first
  std::int32_t max_retries = 3;         ///< further attempts after the death of the task's rank
  bool retry_exceptions = false;        ///< further attempts also when the function throws
  std::chrono::nanoseconds timeout{0};  ///< of one attempt; 0: none
  std::string name = {};                ///< for errors, progress and traces; default: the function's name
  std::uint64_t key =
      0;  ///< what random numbers and the journal are keyed by; 0: from the parent's key and the order
  std::int32_t rank = -1;      ///< run on this rank
  std::int32_t node = -1;      ///< run on this node
  bool soft_affinity = false;  ///< rank and node are a wish, not a condition
  Placement placement = Placement::pack;
};

}  // namespace rankine
