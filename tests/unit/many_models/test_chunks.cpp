// SPDX-License-Identifier: Apache-2.0
// run_chunks: order, window, failures, resume, the end of a run's time.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <rankine/many_models.hpp>

#include "on_threads.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace chunks_test {

namespace rk = rankine;
using many_models_test::Folder;
using many_models_test::on_ranks;
using many_models_test::small_run;
using namespace std::chrono_literals;

std::atomic<int> executions{0};

int doubled(int x) {
  ++executions;
  return 2 * x;
}
int doubled_unless(int x, int refused) {
  ++executions;
  if (x == refused) throw std::domain_error("no model for " + std::to_string(x));
  return 2 * x;
}
std::uint64_t length_and_draw(const std::string& text) {
  return text.size() + rk::random().below(1000) * 1000;
}
int plus_sum(int x, const std::vector<int>& values) {
  for (const int value : values) x += value;
  return x;
}
int until_drained(int x) {
  while (!rk::draining() && !rk::cancelled()) {
  }
  return x;
}
int until_asked_to_stop(int x) {
  while (!rk::cancelled()) {
  }
  return x;
}

rk::ChunkOptions quiet(std::size_t in_flight_max = 0) {
  return {.task = {.name = "chunk", .key = 5}, .in_flight_max = in_flight_max, .show_progress = false};
}

/// Gives 0, 1, .. count-1.
auto count_to(int count) {
  return [next = 0, count]() mutable -> std::optional<int> {
    if (next == count) return std::nullopt;
    return next++;
  };
}

constexpr auto never = [](const auto&, const rk::Error& error) -> int {
  throw std::logic_error(error.what());
};

struct Weighed {
  int x;
  std::uint64_t units() const { return 10; }
};
int weigh(Weighed request) {
  return request.x;
}

TEST_CASE("results come in the order of the source from any number of ranks") {
  on_ranks({1, 2, 4}, [] {
    std::vector<int> taken;
    const rk::ChunkTotals totals = rk::run_chunks<doubled>(
        quiet(7), count_to(500),
        [&](int request, int result) {
          CHECK(result == 2 * request);
          taken.push_back(request);
        },
        never);
    REQUIRE(taken.size() == 500);
    CHECK(std::is_sorted(taken.begin(), taken.end()));
    CHECK(totals.chunks == 500);
    CHECK(totals.units == 500);
    CHECK(totals.failed == 0);
    CHECK(totals.resumed == 0);
    CHECK(totals.computed_share() == 1);
  });
}

TEST_CASE("an empty source gives nothing") {
  on_ranks({1, 2}, [] {
    const rk::ChunkTotals totals = rk::run_chunks<doubled>(
        quiet(), count_to(0), [](int, int) { FAIL("there is nothing to take"); }, never);
    CHECK(totals.chunks == 0);
    CHECK(totals.computed_share() == 0);
  });
}

TEST_CASE("no more chunks are drawn than the window holds") {
  on_ranks({1, 3}, [] {
    int drawn = 0;
    int taken = 0;
    int ahead_most = 0;
    const auto next = [&]() -> std::optional<int> {
      if (drawn == 300) return std::nullopt;
      ahead_most = std::max(ahead_most, ++drawn - taken);
      return drawn;
    };
    rk::run_chunks<doubled>(
        quiet(9), next, [&](int, int) { ++taken; }, never);
    CHECK(taken == 300);
    CHECK(ahead_most == 9);
  });
}

TEST_CASE("large requests make the window narrower, one goes always") {
  on_ranks({2}, [] {
    int drawn = 0;
    int taken = 0;
    int ahead_most = 0;
    const auto next = [&]() -> std::optional<std::string> {
      if (drawn == 40) return std::nullopt;
      ahead_most = std::max(ahead_most, ++drawn - taken);
      return std::string(100'000, 'x');
    };
    rk::ChunkOptions options = quiet();
    options.in_flight_bytes_max = 250'000;
    const auto take = [&](const std::string&, std::uint64_t) { ++taken; };
    rk::run_chunks<length_and_draw>(options, next, take, never);
    CHECK(taken == 40);
    CHECK(ahead_most == 3);
    drawn = taken = ahead_most = 0;
    options.in_flight_bytes_max = 1;
    rk::run_chunks<length_and_draw>(options, next, take, never);
    CHECK(taken == 40);
    CHECK(ahead_most == 1);
  });
}

TEST_CASE("random numbers of chunks are the same on any number of ranks and in any window") {
  std::vector<std::vector<std::uint64_t>> all;
  for (const std::size_t window : {1, 4, 100}) {
    on_ranks({1, 2, 4}, [&] {
      std::vector<std::uint64_t> values;
      auto next = [k = 0]() mutable -> std::optional<std::string> {
        if (k == 50) return std::nullopt;
        return std::string(static_cast<std::size_t>(k++), 'a');
      };
      rk::run_chunks<length_and_draw>(
          quiet(window), next, [&](const std::string&, std::uint64_t value) { values.push_back(value); },
          never);
      all.push_back(values);
    });
  }
  for (const auto& values : all) CHECK(values == all.front());
  CHECK(std::count_if(all[0].begin(), all[0].end(), [&](auto v) { return v / 1000 == all[0][0] / 1000; }) <
        10);
}

TEST_CASE("a chunk that throws is replaced, the rest goes on in order") {
  on_ranks({1, 2, 4}, [] {
    std::vector<int> taken;
    std::string said;
    const rk::ChunkTotals totals = rk::run_chunks<doubled_unless>(
        quiet(8), count_to(60), [&](int, int result) { taken.push_back(result); },
        [&](int request, const rk::Error& error) {
          said = error.what();
          return -request;
        },
        17);
    REQUIRE(taken.size() == 60);
    CHECK(taken[16] == 32);
    CHECK(taken[17] == -17);
    CHECK(taken[18] == 36);
    CHECK(totals.failed == 1);
    CHECK(said.find("no model for 17") != std::string::npos);
    CHECK(said.find("in task chunk") != std::string::npos);
  });
}

TEST_CASE("what the source or the consumer throws ends the list, and what is in flight is cancelled") {
  on_ranks({2, 3}, [] {
    auto bad_source = [k = 0]() mutable -> std::optional<int> {
      if (k == 20) throw rk::InputError("line 20 is torn");
      return k++;
    };
    CHECK_THROWS_AS(rk::run_chunks<until_asked_to_stop>(
                        quiet(), bad_source, [](int, int) {}, never),
                    rk::InputError);
    // The tasks that ran for ever were asked to stop: the run ends.
    CHECK_THROWS_AS(rk::run_chunks<doubled>(
                        quiet(), count_to(50), [](int, int) { throw rk::SystemError("disk full"); }, never),
                    rk::SystemError);
  });
}

TEST_CASE("common arguments are values, or a future of one that is stored once") {
  on_ranks({1, 2}, [] {
    const auto take = [](int request, int result) { CHECK(result == 6 + request); };
    rk::run_chunks<plus_sum>(quiet(), count_to(3), take, never, std::vector<int>{1, 2, 3});
    rk::run_chunks<plus_sum>(quiet(), count_to(3), take, never, rk::put(std::vector<int>{1, 2, 3}));
  });
}

TEST_CASE("requests may say how many units they are") {
  on_ranks({2}, [] {
    auto next = [k = 0]() mutable -> std::optional<Weighed> {
      if (k == 4) return std::nullopt;
      return Weighed{k++};
    };
    const rk::ChunkTotals totals = rk::run_chunks<weigh>(
        quiet(), next, [](Weighed, int) {}, never);
    CHECK(totals.units == 40);
  });
}

struct Stop : std::exception {};

TEST_CASE("a resumed run computes only what the journal does not have") {
  const Folder folder;
  rk::RuntimeOptions options = small_run();
  options.run_directory = folder.path().string();
  executions = 0;
  const auto stopped = [&](int after) {
    CHECK_THROWS_AS(rk::run_as_threads(3, options,
                                       [&] {
                                         CHECK(rk::settled("size", 10 + after) == 10 + 30);
                                         int taken = 0;
                                         rk::run_chunks<doubled>(
                                             quiet(4), count_to(100),
                                             [&](int, int) {
                                               if (++taken == after) throw Stop();
                                             },
                                             never);
                                       }),
                    Stop);
  };
  stopped(30);
  const int first = executions;
  CHECK(first >= 30);
  CHECK(first <= 34);
  rk::ChunkTotals totals;
  std::vector<int> taken;
  rk::run_as_threads(2, options, [&] {
    CHECK(rk::settled("size", 99) == 40);
    totals = rk::run_chunks<doubled>(
        quiet(9), count_to(100), [&](int, int result) { taken.push_back(result); }, never);
  });
  CHECK(totals.resumed >= 30);
  CHECK(totals.resumed <= 34);
  CHECK(executions == first + 100 - static_cast<int>(totals.resumed));
  REQUIRE(taken.size() == 100);
  for (int k = 0; k < 100; ++k) CHECK(taken[static_cast<std::size_t>(k)] == 2 * k);
}

TEST_CASE("when the time is over the list ends by Drained, and nothing more is drawn") {
  for (const int ranks : {1, 3}) {
    INFO("ranks: " << ranks);
    rk::RuntimeOptions options = small_run();
    options.walltime = 900ms;
    options.walltime_margin = 600ms;
    const Folder folder;
    options.run_directory = folder.path().string();
    int drawn = 0;
    bool told = false;
    const int code = rk::run_as_threads(ranks, options, [&] {
      const auto next = [&]() -> std::optional<int> { return ++drawn; };
      try {
        rk::run_chunks<until_drained>(
            quiet(5), next, [](int, int) {}, never);
      } catch (const rk::Drained&) {
        told = true;
        throw;
      }
    });
    CHECK(code == 0);  // the run directory has what to go on from
    CHECK(told);
    CHECK(drawn <= 5 + 1);
  }
}

}  // namespace chunks_test
