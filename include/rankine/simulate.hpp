// SPDX-License-Identifier: Apache-2.0
// How long a recorded run would take on another number of ranks: `rankine simulate`. The recorded tasks with
// their durations and dependencies go through the very scheduler of real runs, in virtual time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace rankine {

/// The machine that is pretended. Times in seconds.
struct SimulatedMachine {
  int ranks = 2;                 ///< rank 0 included, which runs no tasks
  int nodes = 0;                 ///< 0: one for each 64 ranks
  double cpus = 0;               ///< of each rank; 0: as in the recorded run
  double latency = 2e-6;         ///< of a message between nodes
  double bandwidth = 10e9;       ///< between nodes, bytes a second
  double message_rate = 5e6;     ///< messages a second that rank 0 can send and receive
  double event_cost = 100e-9;    ///< of the scheduler for each event
  double message_cost = 100e-9;  ///< of rank 0 for each message
  int scale = 1;                 ///< so many times the tasks
  std::uint64_t seed = 0;        ///< of the durations of the further tasks, drawn from those of their kind
};

struct Prediction {
  double seconds = 0;        ///< from the beginning of the driver until all tasks have ended
  double efficiency = 0;     ///< part of the workers' cpu time that tasks use
  double head_use = 0;       ///< part of the time that rank 0 has something to do
  double head_per_task = 0;  ///< seconds of rank 0
  double limit_ranks = 0;    ///< with so many ranks rank 0 would have something to do all the time
  double task_seconds = 0;   ///< cpu time of all tasks
  std::uint64_t tasks = 0;
  std::uint64_t failed = 0;  ///< no worker can hold them
  std::uint64_t pieces = 0;  ///< in which they travel
  std::uint64_t events = 0;
  std::uint64_t messages = 0;
  std::uint64_t head_bytes = 0;  ///< of the scheduler's tables
};

class RecordedRun {
 public:
  /// `run`: a run directory, or a trace. Throws InputError where there is none, or nothing in it.
  explicit RecordedRun(const std::string& run);
  RecordedRun(RecordedRun&&) noexcept;
  ~RecordedRun();

  int ranks() const;
  std::uint64_t tasks() const;
  double seconds() const;       ///< that it took
  std::string remarks() const;  ///< what is not simulated, and where the trace ends early; may be empty

  /// `progress` is called now and then with tasks that ended, of all. Throws InputError for a machine that
  /// cannot be.
  Prediction predict(const SimulatedMachine& machine,
                     const std::function<void(std::uint64_t, std::uint64_t)>& progress = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rankine
