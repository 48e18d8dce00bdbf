// SPDX-License-Identifier: Apache-2.0
// The same task graphs by hand-written MPI, to stand beside: a manager that hands tasks to workers, and the
// bulk-synchronous program in which every rank owns columns. Rank 0 gives the orders, the others serve.
#pragma once

#include <cstdint>

#include "metg_curve.hpp"
#include "metg_graph.hpp"

namespace rankine::bench {

/// On rank 0 of MPI_COMM_WORLD, with at least two ranks, while all others serve.
class RawRanks {
 public:
  RawRanks();
  /// Lets the others return from serve().
  ~RawRanks();
  RawRanks(const RawRanks&) = delete;
  RawRanks& operator=(const RawRanks&) = delete;

  /// All these ranks compute at once: the others, or with rank 0 all. `cpus`: that they may use together.
  Peak peak(bool with_rank_0, int cpus, double at_least_seconds);
  /// Rank 0 counts dependencies and hands tasks out in batches; verified.
  Measured run_managed(const TaskGraph& graph, std::int64_t iterations);
  /// No manager: each rank, rank 0 too, owns a block of columns; verified.
  Measured run_static(const TaskGraph& graph, std::int64_t iterations);
};

/// On all other ranks: does what rank 0 says until it is done.
void serve_raw();

}  // namespace rankine::bench
