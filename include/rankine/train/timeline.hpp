// SPDX-License-Identifier: Apache-2.0
// What a rank computed and what it communicated, and when: to see how far the two overlap.
#pragma once

#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <rankine/core/time.hpp>

namespace rankine::train {

struct TimelineSpan {
  enum class Row : std::uint8_t { compute, communicate, wait };
  Row row = Row::compute;
  std::string name;  ///< "forward h.3", "reduce 2 units"
  Time begin;
  Time end;
};

/// Spans of one rank, from several threads.
class Timeline {
 public:
  void add(TimelineSpan::Row row, std::string name, Time begin, Time end);
  std::vector<TimelineSpan> take();

 private:
  std::mutex mutex_;
  std::vector<TimelineSpan> spans_;
};

/// Of the time that was spent communicating, the share in [0, 1] during which the rank also computed.
double overlap(std::span<const TimelineSpan> spans);

/// The spans of each rank as JSON that Perfetto and chrome://tracing open. Throws SystemError.
void write_timeline(const std::filesystem::path& path, std::span<const std::vector<TimelineSpan>> ranks);

}  // namespace rankine::train
