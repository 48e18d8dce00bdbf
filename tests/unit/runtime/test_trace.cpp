// SPDX-License-Identifier: Apache-2.0
// What a run with a run directory leaves in its trace.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include <rankine/core/clock.hpp>

#include "trace/recording.hpp"

#include "on_ranks.hpp"
#include "run_folder.hpp"

namespace trace_test {

double twice(double x) {
  return 2 * x;
}
double sum(double a, double b) {
  return a + b;
}
double nested(double x) {
  return rk::submit<twice>(x).get() + rk::submit<sum>(x, 1.0).get();
}

struct Run : RunFolder {
  rankine::trace::Recording read() const { return rankine::trace::read_recording(options.run_directory); }
};

TEST_CASE("a trace has every task, what it depends on and who ran it, and what the driver waited for") {
  const Run run;
  rk::run_as_threads(3, run.options, [] {
    auto a = rk::submit<twice>(1.0);
    auto b = rk::submit<sum>(a, 5.0);
    CHECK(b.get() == 7);
    auto map = rk::map<twice>(std::vector<double>(100, 3.0));
    CHECK(map.get().back() == 6);
    CHECK(rk::submit<nested>(2.0).get() == 7);
  });
  const auto read = run.read();
  CHECK(read.trouble == "");
  CHECK(read.begin.ranks == 3);
  CHECK(read.workers.size() == 2);
  REQUIRE(read.submissions.size() == 6);
  CHECK(read.submissions[0].dependencies.empty());
  REQUIRE(read.submissions[1].dependencies.size() == 1);
  CHECK(read.submissions[1].dependencies[0] == read.submissions[0].first);
  CHECK(read.submissions[2].count == 100);
  CHECK(read.submissions[2].range);
  const rankine::TaskId parent = read.submissions[3].first;
  CHECK(read.submissions[4].parent == parent);
  CHECK(read.submissions[5].parent == parent);
  const auto name = [&](std::size_t i) { return read.classes[read.submissions[i].task_class].options.name; };
  CHECK(name(1).find("sum") != std::string::npos);
  CHECK(name(3).find("nested") != std::string::npos);
  std::uint64_t ended = 0;
  for (const auto& piece : read.pieces) {
    ended += piece.count;
    CHECK(index(piece.worker) >= 1);
    CHECK(piece.busy > 0);
    CHECK(piece.bytes >= 8 * piece.count);
  }
  CHECK(ended == 105);
  REQUIRE(read.end);
  CHECK(read.end->driver_left <= read.end->at);
  REQUIRE_FALSE(read.waits.empty());
  for (const auto& wait : read.waits) CHECK(wait.waited.length >= 0);
}

TEST_CASE("no trace without a run directory, and none where it is switched off") {
  Run run;
  run.options.trace = false;
  rk::run_as_threads(2, run.options, [] { CHECK(rk::submit<twice>(1.0).get() == 2); });
  CHECK_FALSE(std::filesystem::exists(run.options.run_directory + "/trace"));
}

TEST_CASE("a run that goes on from an earlier one keeps the earlier trace") {
  const Run run;
  for (int i = 0; i < 2; ++i)
    rk::run_as_threads(2, run.options, [] { CHECK(rk::submit<twice>({.key = 7}, 1.0).get() == 2); });
  CHECK(run.read().trouble == "");
  CHECK(rankine::trace::read_recording(run.options.run_directory + "/trace.1").pieces.size() == 1);
}

/// Computes for so long.
int computed_for(int microseconds) {
  const rankine::Time end = rankine::now() + microseconds * rankine::kMicrosecond;
  while (rankine::now() < end) {
  }
  return microseconds;
}

TEST_CASE("the tail of a piece that runs for long goes to a worker that has nothing to do") {
  const Run run;
  rk::run_as_threads(3, run.options, [] {
    const std::vector<int> short_ones(400, 0);  // so that the scheduler thinks that all are short
    CHECK(rk::map<computed_for>(short_ones).get() == short_ones);
    std::vector<int> inputs(256, 0);
    std::fill_n(inputs.begin(), 64, 4000);  // the first piece: a quarter
    CHECK(rk::map<computed_for>(inputs).get() == inputs);
  });
  std::array<std::uint32_t, 3> long_ones{};
  for (const auto& piece : run.read().pieces) {
    if (number(piece.first) > 400 && number(piece.first) <= 464)
      long_ones[static_cast<std::size_t>(index(piece.worker))] += piece.count;
  }
  CHECK(long_ones[1] >= 8);
  CHECK(long_ones[2] >= 8);
}

}  // namespace trace_test
