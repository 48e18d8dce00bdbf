// SPDX-License-Identifier: Apache-2.0
#include <rankine/train/timeline.hpp>

#include <algorithm>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::train {

namespace {

using Row = TimelineSpan::Row;

const char* name_of(Row row) {
  switch (row) {
    case Row::compute:
      return "compute";
    case Row::communicate:
      return "communicate";
    default:
      return "wait";
  }
}

using Interval = std::pair<Nanoseconds, Nanoseconds>;

/// Those of one row, in order, joined where they meet.
std::vector<Interval> intervals(std::span<const TimelineSpan> spans, Row row) {
  std::vector<Interval> all;
  for (const TimelineSpan& span : spans)
    if (span.row == row) all.emplace_back(span.begin.ns, span.end.ns);
  std::sort(all.begin(), all.end());
  std::vector<Interval> joined;
  for (const Interval& one : all) {
    if (!joined.empty() && one.first <= joined.back().second)
      joined.back().second = std::max(joined.back().second, one.second);
    else
      joined.push_back(one);
  }
  return joined;
}

}  // namespace

void Timeline::add(Row row, std::string name, Time begin, Time end) {
  const std::lock_guard lock(mutex_);
  spans_.push_back({row, std::move(name), begin, end});
}

std::vector<TimelineSpan> Timeline::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(spans_, {});
}

double overlap(std::span<const TimelineSpan> spans) {
  const std::vector<Interval> communicate = intervals(spans, Row::communicate);
  const std::vector<Interval> compute = intervals(spans, Row::compute);
  Nanoseconds all = 0;
  Nanoseconds both = 0;
  for (const Interval& c : communicate) {
    all += c.second - c.first;
    for (const Interval& k : compute)
      both += std::max<Nanoseconds>(0, std::min(c.second, k.second) - std::max(c.first, k.first));
  }
  return all == 0 ? 0 : static_cast<double>(both) / static_cast<double>(all);
}

void write_timeline(const std::filesystem::path& path, std::span<const std::vector<TimelineSpan>> ranks) {
  std::ofstream file(path);
  file << "{\"traceEvents\": [";
  Nanoseconds origin = 0;
  bool any = false;
  for (const auto& spans : ranks)
    for (const TimelineSpan& span : spans) {
      origin = any ? std::min(origin, span.begin.ns) : span.begin.ns;
      any = true;
    }
  const char* comma = "\n";
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    for (const TimelineSpan& span : ranks[rank]) {
      file << comma
           << fmt::format(
                  R"({{"ph": "X", "pid": {}, "tid": "{}", "name": "{}", "ts": {:.3f}, "dur": {:.3f}}})", rank,
                  name_of(span.row), span.name, static_cast<double>(span.begin.ns - origin) * 1e-3,
                  static_cast<double>(span.end - span.begin) * 1e-3);
      comma = ",\n";
    }
  }
  file << "\n]}\n";
  file.flush();
  if (!file) throw SystemError("train: cannot write the timeline " + path.string());
}

}  // namespace rankine::train
