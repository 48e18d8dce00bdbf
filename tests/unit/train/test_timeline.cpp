// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/train/timeline.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

namespace train = rankine::train;
using Row = train::TimelineSpan::Row;

namespace {

train::TimelineSpan span(Row row, std::int64_t begin, std::int64_t end) {
  return {row, "work", rankine::Time{begin}, rankine::Time{end}};
}

}  // namespace

TEST_CASE("the share of communication during which a rank computes", "[train]") {
  CHECK(train::overlap({}) == 0);
  const std::vector<train::TimelineSpan> apart{span(Row::compute, 0, 10), span(Row::communicate, 10, 30)};
  CHECK(train::overlap(apart) == 0);
  const std::vector<train::TimelineSpan> half{span(Row::compute, 0, 10), span(Row::communicate, 5, 15)};
  CHECK(train::overlap(half) == Approx(0.5));
  // Two passes that meet count once, waits not at all; of 40 communicated, 10 and 5 are hidden.
  const std::vector<train::TimelineSpan> mixed{
      span(Row::compute, 0, 20),      span(Row::compute, 10, 30),      span(Row::wait, 30, 60),
      span(Row::communicate, 20, 50), span(Row::communicate, 90, 100), span(Row::compute, 95, 120)};
  CHECK(train::overlap(mixed) == Approx(15.0 / 40));
}

TEST_CASE("a timeline keeps spans in the order of their coming and gives them once", "[train]") {
  train::Timeline timeline;
  timeline.add(Row::wait, "first", rankine::Time{5}, rankine::Time{6});
  timeline.add(Row::compute, "second", rankine::Time{1}, rankine::Time{2});
  const auto spans = timeline.take();
  REQUIRE(spans.size() == 2);
  CHECK(spans[0].name == "first");
  CHECK(spans[1].begin.ns == 1);
  CHECK(timeline.take().empty());
}

TEST_CASE("a timeline's file has each span with microseconds from the first", "[train]") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "timeline.json";
  train::write_timeline(path, std::vector<std::vector<train::TimelineSpan>>{
                                  {span(Row::compute, 2000, 3000)}, {span(Row::communicate, 5000, 5500)}});
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(text.find(R"("pid": 0, "tid": "compute", "name": "work", "ts": 0.000, "dur": 1.000)") !=
        std::string::npos);
  CHECK(text.find(R"("pid": 1, "tid": "communicate", "name": "work", "ts": 3.000, "dur": 0.500)") !=
        std::string::npos);
  CHECK_THROWS_AS(train::write_timeline(folder / "none" / "timeline.json", {}), rankine::SystemError);
}
