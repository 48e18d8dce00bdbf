// SPDX-License-Identifier: Apache-2.0
// How far a run is.
#pragma once

#include <cstdint>

namespace rankine {

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
};

/// Of the running driver.
Statistics statistics();

}  // namespace rankine
