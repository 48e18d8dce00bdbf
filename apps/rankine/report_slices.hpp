// SPDX-License-Identifier: Apache-2.0
// The pieces of a run in the form that the report's timeline draws: eight words each, lane by lane, in the
// order of time. Pure functions; timeline.js is the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <rankine/trace.hpp>

namespace apps {

struct ReportSlices {
  /// For each slice: from and length (of the run's seconds, in units of 1 / (2^32 - 1)), lane, function,
  /// elements, (attempt << 16) | failed (each at most 65535), number of the task (low word, high word).
  static constexpr std::size_t kWords = 8;
  std::vector<std::uint32_t> words;
  std::vector<int> lanes;              ///< the rank of each
  std::vector<std::string> functions;  ///< those that took longest first
  std::uint64_t joined = 0;            ///< pieces that are drawn as part of another
};

/// At most about `most` slices: more are joined with their neighbours where they are short.
ReportSlices slices_of(const rankine::TraceTimeline& run, std::size_t most);

}  // namespace apps
