// SPDX-License-Identifier: Apache-2.0
// Samplers on functions and tables with known answers; no ranks, no files but the tables.
//   tune_samplers function NAME ...   mean best after so many evaluations, over seeds
//   tune_samplers table FILE ...      mean best along a study of a table, beside what random search expects
//   tune_samplers speed               tells a second; milliseconds of an ask after many trials
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/tune/study.hpp>
#include <rankine/tune/table.hpp>
#include <rankine/tune/test_functions.hpp>

namespace tune = rankine::tune;

namespace {

struct Options {
  std::string name;
  std::vector<std::string> samplers{"random"};
  std::size_t seeds = 30;
  std::size_t evaluations = 200;
  std::size_t parallel = 1;
  std::vector<std::size_t> at{10, 20, 25, 35, 50, 100, 200};
  tune::TableOptions table;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The least value after each evaluation, `parallel` trials always at work, the oldest ends first.
template <class Objective>
std::vector<double> curve(const tune::Space& space, const std::string& sampler, std::uint64_t seed,
                          const Options& given, Objective&& objective) {
  tune::StudyOptions options;
  options.seed = seed;
  options.trials_max = given.evaluations;
  tune::Study study(space, options, tune::make_sampler(sampler));
  std::vector<double> best;
  std::vector<tune::Assignment> at_work;
  std::size_t oldest = 0;
  double least = std::numeric_limits<double>::infinity();
  while (!study.done()) {
    while (study.open() < given.parallel) {
      auto assignment = study.ask();
      if (!assignment) break;
      at_work.push_back(*assignment);
    }
    if (oldest == at_work.size()) continue;
    const double value = objective(at_work[oldest].configuration);
    study.tell(at_work[oldest++].number, {value});
    best.push_back(least = std::min(least, value));
  }
  return best;
}

struct Moments {
  double mean = 0, error = 0;
};

Moments moments(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  Moments made;
  for (const double value : values) made.mean += value / count;
  double squares = 0;
  for (const double value : values) squares += (value - made.mean) * (value - made.mean);
  if (count > 1) made.error = std::sqrt(squares / (count - 1) / count);
  return made;
}

std::vector<double> column(const std::vector<std::vector<double>>& curves, std::size_t evaluations) {
  std::vector<double> values;
  for (const auto& best : curves) values.push_back(best[std::min(evaluations, best.size()) - 1]);
  return values;
}

void measure_function(const Options& given) {
  const tune::TestFunction function = tune::test_function(given.name);
  for (const std::string& sampler : given.samplers) {
    std::vector<std::vector<double>> curves;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t seed = 0; seed < given.seeds; ++seed) {
      curves.push_back(curve(function.space, sampler, seed, given,
                             [&](const auto& c) { return function.values(c.values)[0]; }));
    }
    const double seconds = seconds_since(begin) / static_cast<double>(given.seeds);
    std::vector<double> last = column(curves, given.evaluations);
    const Moments all = moments(last);
    std::sort(last.begin(), last.end());
    fmt::print(
        "{:10} {:8} {} evaluations: mean best {:.5f} +- {:.5f}, median {:.5f}, worst {:.5f}; "
        "{:.3f} s a study\n",
        given.name, sampler, given.evaluations, all.mean, all.error, last[last.size() / 2], last.back(),
        seconds);
    std::fflush(stdout);
  }
}

void measure_table(const Options& given) {
  const tune::Table table = tune::Table::read(given.name, given.table);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t row = 0; row < table.size(); ++row) least = std::min(least, table.final_value(row));
  fmt::print("{} rows, least {:.6f}; random search expects", table.size(), least);
  for (const std::size_t n : given.at) fmt::print(" {}: {:.5f}", n, table.expected_best(n));
  fmt::print("\n");
  for (const std::string& sampler : given.samplers) {
    std::vector<std::vector<double>> curves;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t seed = 0; seed < given.seeds; ++seed) {
      curves.push_back(curve(table.space(), sampler, seed, given, [&](const auto& c) {
        return table.final_value(static_cast<std::size_t>(c.row));
      }));
    }
    const double seconds = seconds_since(begin) / static_cast<double>(given.seeds);
    fmt::print("{:8}", sampler);
    double furthest = 0;
    for (const std::size_t n : given.at) {
      if (n > given.evaluations) continue;
      const Moments m = moments(column(curves, n));
      fmt::print(" {}: {:.5f}+-{:.5f}", n, m.mean, m.error);
      if (m.error > 0) furthest = std::max(furthest, std::fabs(m.mean - table.expected_best(n)) / m.error);
    }
    const double goal = table.expected_best(std::min<std::size_t>(100, table.size()));
    std::size_t reached = 0;
    for (std::size_t n = given.evaluations; n >= 1 && moments(column(curves, n)).mean <= goal; --n)
      reached = n;
    fmt::print(
        "\n  random's best of 100 ({:.5f}) is the mean best after {} evaluations; {:.2f} standard errors "
        "from "
        "random at most; {:.3f} s a study\n",
        goal, reached, furthest, seconds);
    std::fflush(stdout);
  }
}

void measure_speed(const Options& given) {
  const tune::TestFunction function = tune::test_function("hartmann6");
  for (const std::string& sampler : given.samplers) {
    tune::StudyOptions options;
    options.trials_max = std::numeric_limits<std::size_t>::max();
    tune::Study study(function.space, options, tune::make_sampler("random"));
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < given.evaluations; ++i) {
      const auto assignment = study.ask();
      study.tell(assignment->number, function.values(assignment->configuration.values));
    }
    fmt::print("random: {:.0f} asks and tells a second\n",
               static_cast<double>(given.evaluations) / seconds_since(begin));
    const auto model = tune::make_sampler(sampler);
    std::vector<double> times;
    for (int i = 0; i < 21; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const auto id = static_cast<tune::TrialId>(given.evaluations) + static_cast<tune::TrialId>(i);
      if (!model->ask(study.history(), id)) throw rankine::Error("nothing was proposed");
      times.push_back(seconds_since(start) * 1e3);
    }
    std::sort(times.begin(), times.end());
    fmt::print("{}: an ask at {} past trials takes {:.2f} ms (median of 21; least {:.2f}, most {:.2f})\n",
               sampler, given.evaluations, times[10], times.front(), times.back());
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options given;
  CLI::App app("Samplers on functions and tables with known answers");
  app.require_subcommand(1);
  const auto common = [&](CLI::App* command) {
    command->add_option("--samplers", given.samplers, "which ones")->delimiter(',');
    command->add_option("--seeds", given.seeds, "studies of each");
    command->add_option("--evaluations", given.evaluations, "trials of a study");
    command->add_option("--parallel", given.parallel, "trials at work at once");
  };
  CLI::App* function = app.add_subcommand("function", "a test function");
  function->add_option("name", given.name)->required();
  common(function);
  CLI::App* table = app.add_subcommand("table", "a table of results");
  table->add_option("file", given.name)->required();
  table->add_option("--objective", given.table.objective, "column to be minimised");
  table->add_option("--fidelity", given.table.fidelity, "column of steps; none: it is a dimension");
  table->add_option("--at", given.at, "evaluations to show")->delimiter(',');
  common(table);
  CLI::App* speed = app.add_subcommand("speed", "tells a second, time of an ask");
  common(speed);
  CLI11_PARSE(app, argc, argv);
  try {
    if (*function) measure_function(given);
    if (*table) measure_table(given);
    if (*speed) measure_speed(given);
  } catch (const rankine::Error& error) {
    std::fprintf(stderr, "tune_samplers: %s\n", error.what());
    return 1;
  }
  return 0;
}
