// SPDX-License-Identifier: Apache-2.0
#include "report_slices.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace apps {

namespace {

using Slice = rankine::TraceTimeline::Slice;

constexpr double kUnits = 4294967295.0;

std::uint32_t units(double seconds, double all) {
  return static_cast<std::uint32_t>(std::clamp(seconds / all, 0.0, 1.0) * kUnits);
}

/// `next` becomes a part of `slice`, which keeps the name of what took longest.
void join(Slice& slice, const Slice& next) {
  if (next.to - next.from > slice.to - slice.from) {
    slice.function = next.function;
    slice.task = next.task;
  }
  slice.to = std::max(slice.to, next.to);
  slice.count += next.count;
  slice.failed += next.failed;
  slice.attempt = std::max(slice.attempt, next.attempt);
}

/// The order in which functions get colours: new numbers, by old ones.
std::vector<std::uint32_t> by_time(const rankine::TraceTimeline& run, std::vector<std::string>& names) {
  std::vector<double> seconds(run.functions.size(), 0.0);
  for (const Slice& slice : run.slices) seconds[slice.function] += slice.busy;
  std::vector<std::uint32_t> order(seconds.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return seconds[a] > seconds[b]; });
  std::vector<std::uint32_t> numbers(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    numbers[order[i]] = static_cast<std::uint32_t>(i);
    names.push_back(run.functions[order[i]]);
  }
  return numbers;
}

}  // namespace

ReportSlices slices_of(const rankine::TraceTimeline& run, std::size_t most) {
  ReportSlices result;
  const std::vector<std::uint32_t> numbers = by_time(run, result.functions);
  std::map<std::pair<int, std::uint32_t>, std::vector<Slice>> lanes;
  for (const auto& rank : run.ranks) lanes[{rank.rank, 0}];
  for (const Slice& slice : run.slices) lanes[{slice.rank, slice.row}].push_back(slice);

  const double all = std::max(run.summary.seconds, 1e-9);
  const bool many = run.slices.size() > most;
  const double least = many ? 2 * all * static_cast<double>(lanes.size()) / static_cast<double>(most) : 0;
  for (const auto& [place, slices] : lanes) {
    const auto lane = static_cast<std::uint32_t>(result.lanes.size());
    result.lanes.push_back(place.first);
    for (std::size_t i = 0; i < slices.size();) {
      Slice slice = slices[i++];
      for (; many && i < slices.size() && slices[i].to - slice.from < least; ++i) {
        join(slice, slices[i]);
        ++result.joined;
      }
      const std::uint32_t from = units(slice.from, all);
      const std::uint32_t tried = std::min(slice.attempt, 65535u) << 16 | std::min(slice.failed, 65535u);
      result.words.insert(
          result.words.end(),
          {from, units(slice.to, all) - from, lane, numbers[slice.function], slice.count, tried,
           static_cast<std::uint32_t>(slice.task), static_cast<std::uint32_t>(slice.task >> 32)});
    }
  }
  return result;
}

}  // namespace apps
