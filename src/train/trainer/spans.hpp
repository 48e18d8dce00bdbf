// SPDX-License-Identifier: Apache-2.0
// Spans of a timeline as lines of text, to travel.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <rankine/train/timeline.hpp>

namespace rankine::train {

inline std::string lines_of(const std::vector<TimelineSpan>& spans) {
  std::ostringstream lines;
  for (const TimelineSpan& span : spans)
    lines << static_cast<int>(span.row) << ' ' << span.begin.ns << ' ' << span.end.ns << ' ' << span.name
          << '\n';
  return lines.str();
}

inline std::vector<TimelineSpan> spans_of(const std::string& lines) {
  std::vector<TimelineSpan> spans;
  std::istringstream in(lines);
  int row = 0;
  for (TimelineSpan span; in >> row >> span.begin.ns >> span.end.ns;) {
    span.row = static_cast<TimelineSpan::Row>(row);
    in.get();
    std::getline(in, span.name);
    spans.push_back(span);
  }
  return spans;
}

}  // namespace rankine::train
