// SPDX-License-Identifier: Apache-2.0
// How far a run is.
#pragma once

#include <cstdint>

namespace rankine {

/// Of the objects' memory, summed over all nodes.
struct StoreStatistics {
  std::uint64_t arena_bytes = 0;       ///< shared memory for objects
  std::uint64_t used_bytes = 0;        ///< of it, now
  std::uint64_t disk_bytes = 0;        ///< in spill files now
  std::uint64_t spilled_objects = 0;   ///< written to disk so far
  std::uint64_t spilled_bytes = 0;     ///< written to disk so far
  std::uint64_t restored_objects = 0;  ///< read back from disk so far
  std::uint64_t pulls = 0;             ///< objects copied from node to node so far
  std::uint64_t pulled_bytes = 0;      ///< of these
  std::uint64_t replicas = 0;          ///< copies of other nodes' objects in memory now
  std::uint64_t evicted_replicas = 0;  ///< copies given up for want of room so far
};

/// Numbers of tasks so far; elements of a map count one by one. Driver only.
struct Statistics {
  std::uint64_t submitted = 0;
  std::uint64_t waiting = 0;  ///< for arguments
  std::uint64_t ready = 0;    ///< for a rank
  std::uint64_t running = 0;  ///< on a rank or next there
  std::uint64_t finished = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t retried = 0;
  std::uint64_t live_objects = 0;
  std::uint64_t workers = 0;
  StoreStatistics store;
  std::uint64_t resumed = 0;  ///< of `finished`: taken from the journal of an earlier run
};

/// Of the running driver.
Statistics statistics();

}  // namespace rankine
