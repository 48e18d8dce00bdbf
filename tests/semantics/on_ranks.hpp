// SPDX-License-Identifier: Apache-2.0
// One behaviour, shown with several numbers of ranks. The same test cases run twice: here with ranks that are
// threads, and in one MPI job (mpi_main.cpp) in which the whole session is the driver on rank 0.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

#include "catch.hpp"

namespace rk = rankine;

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Ranks of the MPI job; 0 where each test case starts its own ranks as threads.
int ranks_of_the_job();

/// Runs `driver` once for each of `counts`; assertions belong into it. What needs other counts than the MPI
/// job's two ranks, options of its own or memory shared with its tasks is tagged [threads], which leaves it
/// out there.
inline void on_ranks(std::initializer_list<int> counts, const std::function<void()>& driver,
                     const rk::RuntimeOptions& options = {}) {
  if (ranks_of_the_job() != 0) {
    const bool meant = std::find(counts.begin(), counts.end(), ranks_of_the_job()) != counts.end();
    REQUIRE(meant);
    driver();
    return;
  }
  const int ranks = GENERATE_COPY(Catch::Generators::from_range(counts.begin(), counts.end()));
  INFO("ranks: " << ranks);
  rk::RuntimeOptions small = options;
  if (small.arena_bytes == 0) small.arena_bytes = std::uint64_t{64} << 20;
  rk::run_as_threads(ranks, small, driver);
}

inline void on_ranks(const std::function<void()>& driver) {
  on_ranks({1, 2, 4}, driver);
}

/// What `action` threw, as words; empty if nothing. Any exception that is not an E goes on.
template <class E, class Action>
std::string words_of(Action&& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  return {};
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Whether `condition` comes true within twenty seconds in which the runtime goes on.
template <class Condition>
bool eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    rk::submit([] {}).get();
  }
  return true;
}
