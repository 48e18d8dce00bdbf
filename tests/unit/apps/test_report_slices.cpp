// SPDX-License-Identifier: Apache-2.0
// What the report's timeline is given: lanes in order, colours by time, and never more than it can draw.
#include <catch.hpp>

#include "rankine/report_slices.hpp"

namespace apps {
namespace {

using rankine::TraceTimeline;

TraceTimeline run_of(double seconds, std::initializer_list<int> ranks) {
  TraceTimeline run;
  run.summary.seconds = seconds;
  run.functions = {"brief", "long"};
  for (const int rank : ranks) run.ranks.push_back({.rank = rank});
  return run;
}

TraceTimeline::Slice slice(int rank, double from, double to, std::uint32_t function) {
  TraceTimeline::Slice one;
  one.rank = rank;
  one.from = from;
  one.to = to;
  one.busy = to - from;
  one.function = function;
  one.task = 0x500000007;
  return one;
}

TEST_CASE("slices stand lane by lane, and the function that took longest is the first") {
  TraceTimeline run = run_of(4, {1, 2, 3});
  run.slices = {slice(2, 0, 1, 0), slice(1, 1, 4, 1), slice(2, 2, 3, 0)};
  run.slices[1].attempt = 2;
  run.slices[1].failed = 1;
  const ReportSlices report = slices_of(run, 100);
  CHECK(report.lanes == std::vector<int>{1, 2, 3});
  CHECK(report.functions == std::vector<std::string>{"long", "brief"});
  REQUIRE(report.words.size() == 3 * ReportSlices::kWords);
  CHECK(report.joined == 0);
  const std::uint32_t* first = report.words.data();
  CHECK(first[0] == 0x3fffffff);                 // a quarter of the run
  CHECK(first[1] == 0xffffffffu - 0x3fffffffu);  // to its end
  CHECK(first[2] == 0);                          // lane of rank 1
  CHECK(first[3] == 0);                          // "long"
  CHECK(first[4] == 1);
  CHECK(first[5] == (2u << 16 | 1u));
  CHECK(first[6] == 7);
  CHECK(first[7] == 5);
  CHECK(first[8 + 2] == 1);
  CHECK(first[16 + 0] > first[8 + 0]);
}

TEST_CASE("too many slices are joined with their neighbours, and all their elements are still counted") {
  TraceTimeline run = run_of(10, {1});
  for (int i = 0; i < 10000; ++i) run.slices.push_back(slice(1, i * 1e-3, (i + 0.5) * 1e-3, 0));
  const ReportSlices report = slices_of(run, 1000);
  const std::size_t drawn = report.words.size() / ReportSlices::kWords;
  CHECK(drawn <= 1000);
  CHECK(drawn > 100);
  CHECK(report.joined == 10000 - drawn);
  std::uint64_t elements = 0;
  for (std::size_t i = 0; i < drawn; ++i) elements += report.words[i * ReportSlices::kWords + 4];
  CHECK(elements == 10000);
}

}  // namespace
}  // namespace apps
