// SPDX-License-Identifier: Apache-2.0
// Runs a driver on 1, 2, 3 and 8 ranks that are threads of the test.
#pragma once

#include <chrono>
#include <functional>

#include <rankine/rankine.hpp>

#include "catch.hpp"

namespace rk = rankine;

/// Calls `driver` as the driver of a run, once for each number of ranks. Assertions belong into the driver.
inline void on_ranks(std::initializer_list<int> counts, const std::function<void()>& driver,
                     const rk::RuntimeOptions& options = {}) {
  for (const int ranks : counts) {
    INFO("ranks: " << ranks);
    rk::RuntimeOptions small = options;
    if (small.arena_bytes == 0) small.arena_bytes = std::uint64_t{64} << 20;
    rk::run_as_threads(ranks, small, driver);
  }
}

inline void look_around() {}

/// Whether `condition` comes true within a minute in which all ranks go on.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    rk::submit<look_around>().get();
  }
  return true;
}
