// SPDX-License-Identifier: Apache-2.0
// What may be said about a task besides its arguments, by designated initialisers: submit<f>({.cpus = 2}, x).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/resources.hpp>

namespace rankine {

/// How to cancel: future.cancel({.force = true}).
struct CancelOptions {
  detail::NotPositional not_positional = detail::NotPositional();

  /// Also ends running work that does not notice, by killing its rank: what else ran there is tried again
  /// elsewhere. The job must have been started so that it survives that: with Open MPI by
  /// `mpirun --enable-recovery`; plain mpirun ends the whole job when a rank dies. Where there is no rank to
  /// spare (two ranks or one, or ranks as threads), the task is only asked and Error is thrown.
  bool force = false;
};

enum class Placement : std::uint8_t {
  pack,         ///< the most recently active worker that fits; idle ranks stay asleep
  spread,       ///< the rank, then the node, with the least in use
  strict_pack,  ///< gangs: all members on one node, or never; else as pack
};

struct Options {
  detail::NotPositional not_positional = detail::NotPositional();

  double cpus = 1;                 ///< CPUs held while the task runs; a rank has one execution slot a CPU
  double gpus = 0;                 ///< up to 1 a share of a device, above that whole devices
  std::uint64_t memory_bytes = 0;  ///< main memory the task will use at most; 0: not counted
  std::vector<std::pair<std::string, double>> custom = {};  ///< amounts of resources named by the user
  /// Other ways to run it, tried in order where the request above does not fit now: {.gpus = 1, .cpus = 4,
  /// .alternatives = {{.cpus = 16}}}. rk::resources() tells the task which one it got.
  std::vector<Resources> alternatives = {};
  std::int32_t priority = 0;      ///< among ready tasks larger goes first
  std::int32_t max_retries = 3;   ///< further attempts after the death of the task's rank
  bool retry_exceptions = false;  ///< further attempts also when the function throws
  /// Of one attempt; 0: none. When it is over the task is asked to stop (rk::cancelled()); five seconds later
  /// its rank is killed, where that is possible (see Future::cancel). Its future throws TaskTimedOut.
  std::chrono::nanoseconds timeout{0};
  std::string name = {};  ///< for errors, progress and traces; default: the function's name
  std::uint64_t key =
      0;  ///< what random numbers and the journal are keyed by; 0: from the parent's key and the order
  std::int32_t rank = -1;      ///< run on this rank
  std::int32_t node = -1;      ///< run on this node
  bool soft_affinity = false;  ///< rank and node are a wish, not a condition
  Placement placement = Placement::pack;
};

}  // namespace rankine
