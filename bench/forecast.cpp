// SPDX-License-Identifier: Apache-2.0
// rankine-bench-forecast: fits a second of exponential smoothing on one core, on series as the ray-ets
// generator makes them (length 50..500, y = 10 + day of week + U(0, 0.5)); and bytes a second of reading CSV.
// No mpirun. rankine-bench-forecast [--json FILE] [--quick] [--filter REGEX]
#include <CLI/CLI.hpp>

#include <rankine/core/philox.hpp>
#include <rankine/forecast/model.hpp>

#include "forecast_reading.hpp"
#include "suite.hpp"

using namespace rankine::bench;

namespace {

namespace rf = rankine::forecast;

std::vector<std::vector<double>> weekly_series(int count) {
  std::vector<std::vector<double>> all;
  for (int i = 0; i < count; ++i) {
    rankine::Philox random(1, static_cast<std::uint64_t>(i));
    std::vector<double> values(50 + random.below(451));
    for (std::size_t t = 0; t < values.size(); ++t)
      values[t] = 10 + static_cast<double>(t % 7) + 0.5 * random.uniform();
    all.push_back(std::move(values));
  }
  return all;
}

/// What one run of a model over all series did.
struct Run {
  double seconds = 0;
  double evaluations = 0;
  double points = 0;  ///< values that the likelihoods went through
};

Run fit_all(const rf::Model& model, const std::vector<std::vector<double>>& series, int season) {
  std::vector<rf::Problem> problems(series.size());
  for (std::size_t i = 0; i < series.size(); ++i) {
    problems[i].values = series[i];
    problems[i].season = season;
  }
  std::vector<rf::Fit> fits(series.size());
  Run run;
  run.seconds = seconds_of([&] { model.fit(problems, fits); });
  for (std::size_t i = 0; i < fits.size(); ++i) {
    require(fits[i].failure.empty(), fits[i].failure.c_str());
    run.evaluations += static_cast<double>(fits[i].evaluations);
    run.points += static_cast<double>(fits[i].evaluations) * static_cast<double>(series[i].size());
  }
  return run;
}

Row cost(double value, const char* unit) {
  Row row;
  row.value = value;
  row.unit = unit;
  row.better = Better::lower;
  return row;
}

/// Rows of one model: series a second, evaluations a series, nanoseconds a value of an evaluation.
void add_model(Suite& suite, const std::string& text, int season, int count, int repetitions,
               std::optional<double> target) {
  const std::string name =
      text == "AutoETS" ? (season > 1 ? "auto_ets_m" + std::to_string(season) : "auto_ets") : text;
  const auto series = std::make_shared<std::vector<std::vector<double>>>(weekly_series(count));
  const auto last = std::make_shared<Run>();
  suite.figure(name + "_series",
               [=] {
                 std::vector<double> rates;
                 for (int i = 0; i < repetitions; ++i) {
                   *last = fit_all(*rf::make_model(text), *series, season);
                   rates.push_back(static_cast<double>(series->size()) / last->seconds);
                 }
                 return rate_row("1/s", rates);
               },
               {{}, "", target});
  suite.figure(name + "_evaluations", [=] {
    require(last->seconds > 0, "needs the row before it");
    return cost(last->evaluations / static_cast<double>(series->size()), "a series");
  });
  suite.figure(name + "_ns_a_point", [=] {
    require(last->seconds > 0, "needs the rows before it");
    return cost(1e9 * last->seconds / last->points, "ns");
  });
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine command_line;
  CLI::App app{"Fits of forecasting models on one core. Run without mpirun."};
  command_line.add_to(app);
  if (const auto code = parse(app, argc, argv, true)) return *code;
  const int count = command_line.quick ? 256 : 2048;
  const int repetitions = command_line.quick ? 2 : 3;
  Suite suite(command_line, 1);
  // One core's half of 1,000,000 series in 1.5 minutes; a third of 3 ms for the fifteen forms.
  add_model(suite, "AutoETS", 1, count, repetitions, 5556);
  add_model(suite, "AutoETS", 7, count / 8, repetitions, 1000);
  add_reading(suite, std::size_t{command_line.quick ? 32u : 300u} << 20);
  return report(suite, command_line);
}
