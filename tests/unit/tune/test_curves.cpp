// SPDX-License-Identifier: Apache-2.0
// Schedulers on real learning curves, in virtual time: the TaskSet tables of ../shared/data/hpo, rows drawn
// without replacement, cost in whole trainings of 50 epochs. Skipped where the tables are not there.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <rankine/tune/schedulers.hpp>
#include <rankine/tune/table.hpp>

#include "catch.hpp"
#include "sanitized.hpp"

namespace curves_test {

using namespace rankine::tune;

const std::vector<std::string> kTables{"patch128_LSTM128_avg_bs64",      "patch128_LSTM128_bs64",
                                       "patch128_LSTM128_embed128_bs64", "patch32_GRU128_bs128",
                                       "patch32_GRU64_avg_bs128",        "patch32_IRNN64_relu_avg_bs128"};

std::filesystem::path table_path(const std::string& name) {
  return std::filesystem::path(RANKINE_SHARED_DATA) / "hpo" / ("taskset_imdb_" + name + ".csv.gz");
}

SchedulerOptions options_for(const Table& table) {
  SchedulerOptions options;
  options.steps_max = table.steps_max();
  return options;
}

Simulation run(Table& table, const std::string& scheduler, std::uint64_t seed,
               const SimulationOptions& simulation) {
  StudyOptions options;
  options.seed = seed;
  Study study(table.space(), options, make_sampler("random"), make_scheduler(scheduler, options_for(table)));
  return simulate(study, table, simulation);
}

/// Mean over seeds of the incumbent at each of these costs.
std::vector<double> mean_losses(Table& table, const std::string& scheduler, const std::vector<double>& costs,
                                std::uint64_t seeds) {
  std::vector<double> means(costs.size());
  SimulationOptions simulation;
  simulation.cost_max = costs.back() + 0.02;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Simulation result = run(table, scheduler, seed, simulation);
    for (std::size_t k = 0; k < costs.size(); ++k)
      means[k] += result.loss_at_cost(costs[k], 10) / static_cast<double>(seeds);
  }
  return means;
}

void check_reaches(const std::string& scheduler, double cost_100, double cost_300) {
  if (kSanitized) return;  // means of 100 seeds are the release build's business
  for (const std::string& name : kTables) {
    if (!std::filesystem::exists(table_path(name))) {
      WARN("skipped: " << table_path(name) << " is not there");
      return;
    }
    Table table = Table::read(table_path(name));
    const auto means = mean_losses(table, scheduler, {cost_100, cost_300}, 100);
    INFO(name << ": at " << cost_100 << " " << means[0]
              << ", random search's 100: " << table.expected_best(100) << "; at " << cost_300 << " "
              << means[1] << ", its 300: " << table.expected_best(300));
    if (std::getenv("RANKINE_SHOW") != nullptr)
      WARN(scheduler << " " << name << ": " << means[0] << " " << table.expected_best(100) << " " << means[1]
                     << " " << table.expected_best(300));
    CHECK(means[0] <= table.expected_best(100));
    CHECK(means[1] <= table.expected_best(300));
  }
}

}  // namespace curves_test

using namespace curves_test;

TEST_CASE("ASHA finds by a cost of 16 what random search expects of 100 trainings, and by 40 of 300") {
  check_reaches("asha", 16, 40);
}

TEST_CASE("Hyperband finds by a cost of 45 what random search expects of 100 trainings, and by 125 of 300") {
  check_reaches("hyperband", 45, 125);
}

TEST_CASE("64 workers find the best configuration of a large table at least 30 times sooner than one") {
  if (kSanitized) return;
  if (!std::filesystem::exists(table_path(kTables[0]))) {
    WARN("skipped: " << table_path(kTables[0]) << " is not there");
    return;
  }
  constexpr std::uint64_t seeds = 10;
  for (const std::string& name : {kTables[3], kTables[5]}) {
    const Table table = Table::read(table_path(name));
    double seconds_of_one = 0;
    double seconds_of_many = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      Table large = table.resampled(20'000, seed);
      SimulationOptions options;
      options.target = table.expected_best(table.size());
      seconds_of_one += run(large, "asha", seed, options).seconds / seeds;
      options.workers = 64;
      seconds_of_many += run(large, "asha", seed, options).seconds / seeds;
    }
    INFO(name << ": " << seconds_of_one << " trainings with one worker, " << seconds_of_many << " with 64");
    if (std::getenv("RANKINE_SHOW") != nullptr)
      WARN(name << ": " << seconds_of_one << " " << seconds_of_many << " "
                << seconds_of_one / seconds_of_many);
    CHECK(seconds_of_one >= 30 * seconds_of_many);
  }
}
