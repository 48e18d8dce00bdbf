// SPDX-License-Identifier: Apache-2.0
// The parts of rankine-bench-core. The loops are those of Ray's microbenchmark (ray_perf.py), under its
// names; what has no counterpart there is named in the same manner. Results are verified while timing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <rankine/rankine.hpp>

#include "raw_mpi.hpp"
#include "suite.hpp"

namespace rankine::bench {

/// What every part is told.
struct Setting {
  RawFloor raw;
  int ranks = 0;
  std::size_t large_bytes = 0;  ///< of a large object, and of the raw copies beside it

  /// Targets are for two ranks on two cores; with more ranks than cores there is none.
  std::optional<double> target(double value) const {
    return ranks == 2 ? std::optional(value) : std::nullopt;
  }
  /// A raw figure, where it was measured.
  static std::optional<double> measured(double value) {
    return value > 0 ? std::optional(value) : std::nullopt;
  }
  Beside round_trips(std::optional<double> goal = {}) const {
    return {measured(raw.mailbox_round_trips_per_s), "MPI one-sided mailbox round trips",
            goal ? target(*goal) : goal};
  }
  /// Of a round trip's latency in microseconds: at most eight mailbox round trips.
  Beside round_trip_us() const {
    if (raw.mailbox_round_trips_per_s == 0) return {};
    const double us = 1e6 / raw.mailbox_round_trips_per_s;
    return {us, "MPI one-sided mailbox round trip", target(8 * us)};
  }
  Beside messages(std::optional<double> goal = {}) const {
    return {measured(raw.messages_per_s), "MPI_Isend messages", goal ? target(*goal) : goal};
  }
};

void add_raw(Suite& suite, const Setting& setting);
void add_tasks(Suite& suite, const Setting& setting);
void add_objects(Suite& suite, const Setting& setting);
void add_queue(Suite& suite, const Setting& setting);
void add_waits(Suite& suite, const Setting& setting);
void add_actors(Suite& suite, const Setting& setting);
void add_gangs(Suite& suite, const Setting& setting);

/// The smallest of tasks.
int increment(int x);

constexpr int kBatch = 1000;  ///< tasks or calls of one asynchronous batch, as in Ray's benchmark

}  // namespace rankine::bench
