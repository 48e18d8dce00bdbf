// SPDX-License-Identifier: Apache-2.0
// Prints how well models forecast the hold-out of a dataset: sMAPE, MASE, OWA against Naive2, and where there
// are intervals their MSIS and coverage at 95 %. A program for people, run by tools/reference/m_scores.py;
// one thread. Definitions are those of metrics.hpp and scores.hpp.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <sstream>

#include <CLI/CLI.hpp>
#include <rankine/core/error.hpp>
#include <rankine/forecast/metrics.hpp>
#include <rankine/forecast/model.hpp>
#include <rankine/forecast/reader.hpp>
#include <rankine/forecast/scores.hpp>

namespace {

using namespace rankine::forecast;

struct Options {
  std::string data;
  std::string models;
  int season = 0;
  std::vector<int> seasons;
  std::size_t every = 1;
  std::string csv;
};

struct Column {
  ModelPointer model;
  double seconds = 0;
  double msis = 0;
  double coverage = 0;
  int intervals = 0;
};

struct Errors {
  std::vector<double> smape, mase;
  std::vector<std::uint8_t> failed;

  void add(const Series& series, std::span<const double> forecast, bool fail) {
    smape.push_back(fail ? std::nan("") : rankine::forecast::smape(series.test, forecast));
    mase.push_back(
        fail ? std::nan("")
             : rankine::forecast::mase(series.test, forecast, mase_scale(series.train, series.season)));
    failed.push_back(fail ? 1 : 0);
  }
};

void forecast_one(const Series& series, const Options& options, Column& column, Errors& errors,
                  std::FILE* csv) {
  const auto begin = std::chrono::steady_clock::now();
  Problem problem;
  problem.values = series.train;
  problem.season = options.season > 0 ? options.season : series.season;
  problem.seasons = options.seasons;
  const Fit fit = fit_one(*column.model, problem);
  const std::vector<double> levels{95};
  Request request;
  request.horizon = series.horizon;
  if (column.model->has_intervals()) request.levels = levels;
  Prediction prediction;
  prediction.failure = fit.failure;
  if (fit.failure.empty()) prediction = column.model->predict(fit, request);
  column.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const bool failed = !prediction.failure.empty();
  if (failed)
    std::printf("%s, %s: %s\n", series.id.c_str(), column.model->name().c_str(), prediction.failure.c_str());
  errors.add(series, prediction.mean, failed);
  if (csv != nullptr)
    std::fprintf(csv, "%s,\"%s\",\"%s\",%.10g,%.10g\n", series.id.c_str(), column.model->name().c_str(),
                 fit.form.c_str(), errors.smape.back(), errors.mase.back());
  const double scaled =
      msis(series.test, prediction.lower, prediction.upper, 95, mase_scale(series.train, series.season));
  if (std::isnan(scaled)) return;
  column.msis += scaled;
  column.coverage += coverage(series.test, prediction.lower, prediction.upper);
  ++column.intervals;
}

void run(const Options& options) {
  const Dataset dataset = read_dataset(options.data);
  std::vector<Column> columns;
  std::vector<std::string> names{"Naive2"};
  for (const ModelPointer& model : make_models(options.models)) {
    columns.push_back({.model = model});
    names.push_back(model->name());
  }
  ScoreSum sum(dataset.groups, names);
  const ModelPointer naive2 = make_model("Naive2");
  std::FILE* csv = options.csv.empty() ? nullptr : std::fopen(options.csv.c_str(), "w");
  for (std::size_t i = 0; i < dataset.series.size(); i += options.every) {
    const Series& series = dataset.series[i];
    if (!series.defect.empty()) continue;
    Errors errors;
    Problem problem;
    problem.values = series.train;
    problem.season = series.season;
    Request request;
    request.horizon = series.horizon;
    errors.add(series, naive2->predict(fit_one(*naive2, problem), request).mean, false);
    for (Column& column : columns) forecast_one(series, options, column, errors, csv);
    sum.add(series.group, {errors.smape, errors.mase, {}, {}, errors.failed});
  }
  if (csv != nullptr) std::fclose(csv);
  std::printf("%s\n", render(sum.table()).c_str());
  for (const Column& column : columns) {
    std::printf("%s: %.2f s", column.model->name().c_str(), column.seconds);
    if (column.intervals > 0)
      std::printf(", 95 %% intervals: MSIS %.3f, coverage %.3f", column.msis / column.intervals,
                  column.coverage / column.intervals);
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Scores of forecasting models on a dataset with hold-out");
  Options options;
  app.add_option("data", options.data, "M3 file, M4 folder or train file, HDF5")->required();
  app.add_option("--models", options.models, "a list such as DynamicOptimisedTheta,Median(A,B)")->required();
  app.add_option("--season", options.season, "the cycle that models see; 0: the data's (MASE keeps that)");
  app.add_option("--seasons", options.seasons, "cycles of models with several")->delimiter(',');
  app.add_option("--every", options.every, "take each so-many-th series only")->check(CLI::PositiveNumber);
  app.add_option("--csv", options.csv, "write the errors of each series there");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const rankine::Error& error) {
    std::fprintf(stderr, "forecast_scores: %s\n", error.what());
    return 1;
  }
  return 0;
}
