// SPDX-License-Identifier: Apache-2.0
// rankine-many-models: fits forecasting models to thousands or millions of time series, a chunk of series a
// task, scores them and says which was best where. It reads M3, M4, long CSV and HDF5 files, or generates
// series from a known process and shows the noise floor beside the result. The mathematics is in
// src/forecast, the list of chunks in many_models; here are options, the plan and the report. Memory does not
// grow with the number of series, and results do not depend on the number of ranks.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include <fmt/format.h>

#include <rankine/core/clock.hpp>
#include <rankine/forecast/choice.hpp>
#include <rankine/forecast/chunk.hpp>
#include <rankine/forecast/id_set.hpp>
#include <rankine/forecast/report.hpp>
#include <rankine/forecast/series_source.hpp>
#include <rankine/many_models.hpp>
#include <rankine/rankine.hpp>
#include <rankine/serialize/boost.hpp>

#include "run_options.hpp"

namespace rk = rankine;
namespace fc = rankine::forecast;

namespace {

constexpr std::uint64_t kChunks = 1;  // the key by which the journal knows them
constexpr int kSomeFailed = 3;        // exit code: results are there, but some models could not be fitted

struct Settings {
  std::string data;
  std::string predict_from;
  std::string generator = "known";
  std::uint64_t series = 2000;
  std::string models = "benchmarks";
  std::vector<int> season;
  int horizon = 0;
  std::vector<double> levels;
  std::string choose = "no";
  bool save_models = false;
  std::uint64_t seed = 1;
  apps::RunOptions run;
  std::uint64_t stream_above = std::uint64_t{64} << 20;
  fc::ReadOptions columns;
};

/// The option reader takes -1, and what is too large, for the largest there is.
std::string whole_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return "Value " + text + " is not a whole number from 0 to 18446744073709551615";
}

/// Empty, or what is wrong with them.
std::string are_levels(const std::string& text) {
  double level = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), level);
  if (error == std::errc() && end == text.data() + text.size() && level > 0 && level < 100) return {};
  return "Value " + text + " is not a percentage between 0 and 100";
}

void add_source_options(CLI::App& app, Settings& settings) {
  constexpr std::uint64_t series_max = 1'000'000'000;
  constexpr int steps_max = 100'000;
  auto* data = app.add_option("--data", settings.data,
                              "M3 file, M4 NAME-train.csv or folder, long CSV (id,time,value) or HDF5");
  app.add_option("--predict-from", settings.predict_from,
                 "results.h5 of a run with --save-models: forecasts of its models, without fitting")
      ->excludes(data);
  app.add_option("--generator", settings.generator,
                 "without --data: known (a known process, with its noise floor) or ray-ets (daily series)")
      ->check(CLI::IsMember({"known", "ray-ets"}));
  app.add_option("--series", settings.series, "without --data: how many series to generate")
      ->check(CLI::Range(std::uint64_t{1}, series_max));
  app.add_option("--seed", settings.seed, "of the generated series and of simulated intervals")
      ->check(whole_number);
  app.add_option(
         "--season", settings.season,
         "observations a seasonal cycle, or several: 24,168 (default: as the data says; generated 12, "
         "ray-ets 1)")
      ->delimiter(',')
      ->check(CLI::Range(1, steps_max));
  app.add_option("--horizon", settings.horizon,
                 "steps to forecast, held out (default: as the data says; generated 18, ray-ets 7)")
      ->check(CLI::Range(1, steps_max));
  app.add_option("--id-column", settings.columns.id_column, "of long CSV");
  app.add_option("--time-column", settings.columns.time_column, "of long CSV");
  app.add_option("--value-column", settings.columns.value_column, "of long CSV");
  app.add_option("--stream-above", settings.stream_above,
                 "bytes from which on a long CSV is not read into memory; the rows of a series then stand "
                 "together (default 64 MiB)")
      ->check(whole_number);
}

void add_options(CLI::App& app, Settings& settings) {
  add_source_options(app, settings);
  app.add_option(
      "--models", settings.models,
      "a list such as AutoETS,Theta, or benchmarks (the eight of the M4 competition); help lists all");
  app.add_option("--levels", settings.levels, "of prediction intervals in percent: 80,95")
      ->delimiter(',')
      ->check(are_levels);
  app.add_option("--choose", settings.choose,
                 "the best model of each series, by aicc (of models with a likelihood) or cv (three rolling "
                 "origins, as one model more: BestCV)")
      ->check(CLI::IsMember({"no", "aicc", "cv"}));
  app.add_flag("--save-models", settings.save_models,
               "keep the fitted models in results.h5 for --predict-from");
  apps::add_run_options(app, settings.run, "results.h5");
  app.footer(
      "Exit code: 0 all models fitted or stopped before the wall time, to be run again; 1 wrong input or a "
      "failed system call, 2 the run could not begin, 3 some models could not be fitted.");
}

fc::GeneratorOptions generator_options(const Settings& settings) {
  fc::GeneratorOptions generator;
  if (settings.generator == "ray-ets") {
    generator = fc::ray_ets_options(settings.season.empty() ? 1 : settings.season.front());
  } else {
    if (!settings.season.empty()) generator.season = settings.season.front();
    // Four cycles at least, so that the seasonality test has something to go by.
    generator.length_min = std::max(generator.length_min, 4 * generator.season);
    generator.length_max = std::max(generator.length_max, 2 * generator.length_min);
  }
  if (settings.horizon > 0) generator.horizon = settings.horizon;
  return generator;
}

fc::SeriesSource open_source(const Settings& settings) {
  if (!settings.predict_from.empty()) return fc::SeriesSource::saved(settings.predict_from, settings.horizon);
  if (settings.data.empty()) {
    return fc::SeriesSource::generated(settings.seed, settings.series, generator_options(settings));
  }
  fc::ReadOptions options = settings.columns;
  if (!settings.season.empty()) options.season = settings.season.front();
  options.horizon = settings.horizon;
  return fc::SeriesSource::of_file(settings.data, options, settings.stream_above);
}

/// What is done to every series, and the frame of the results.
struct Plan {
  fc::SeriesSource source;
  fc::FitOptions fit;
  fc::ResultsFrame frame;
};

Plan make_plan(const Settings& settings) {
  Plan plan{open_source(settings), {}, {}};
  const fc::SeriesSource& source = plan.source;
  const auto models = fc::make_models(source.models().empty() ? settings.models : source.models());
  for (const fc::ModelPointer& model : models) plan.frame.models.push_back(model->name());
  if (settings.choose == "aicc") fc::check_comparable(models);
  if (settings.choose == "cv" && source.models().empty()) {
    const std::string best = fmt::format("BestCV(3,{})", fmt::join(plan.frame.models, ","));
    plan.frame.models.push_back(fc::make_model(best)->name());
  }
  plan.frame.dataset = source.name();
  plan.frame.groups = source.groups();
  plan.frame.levels = settings.levels;
  std::sort(plan.frame.levels.begin(), plan.frame.levels.end());
  plan.frame.horizon_max = source.horizon_max();
  plan.frame.seed = settings.predict_from.empty() ? settings.seed : source.seed();
  plan.frame.with_models = settings.save_models;
  plan.frame.with_choice = settings.choose == "aicc";
  plan.frame.with_floor = source.is_generated();
  // Forecasts of generated series that fill a disk are nothing that anybody asked for: their errors stay.
  constexpr std::uint64_t forecasts_max = 50'000'000;
  plan.frame.with_forecasts =
      !source.is_generated() ||
      source.units() * models.size() * static_cast<std::uint64_t>(source.horizon_max()) <= forecasts_max;
  plan.fit.models = fmt::format("{}", fmt::join(plan.frame.models, ","));
  plan.fit.levels = plan.frame.levels;
  if (settings.season.size() > 1) plan.fit.seasons = settings.season;
  std::sort(plan.fit.seasons.begin(), plan.fit.seasons.end());
  plan.fit.choice = plan.frame.with_choice ? fc::Choice::kAicc : fc::Choice::kNone;
  plan.fit.keep_forecasts = plan.frame.with_forecasts;
  plan.fit.keep_models = plan.frame.with_models;
  plan.fit.seed = plan.frame.seed;
  return plan;
}

/// How long a first small part takes, where it was computed.
double seconds_of(const fc::ChunkRequest& probe) {
  const rk::Time start = rk::now();
  fc::fit_chunk(probe);
  return rk::seconds_since(start);
}

/// Of a task. A resumed run cuts as the first one did, however many workers it has: what was fitted is known
/// by chunks. The time of models is not known beforehand: a small part is fitted to find it out.
std::uint64_t units_a_chunk(const Plan& plan, int workers) {
  if (const auto before = rk::load_state<std::uint64_t>("units_a_chunk")) return *before;
  const std::uint64_t units = plan.source.counts_bytes() ? std::uint64_t{1} << 15 : 8;
  const fc::ChunkRequest probe{plan.fit, plan.source.range(0, units)};
  rk::submit<seconds_of>(probe).get();  // the first one finds its code and memory cold
  const double seconds = rk::submit<seconds_of>(probe).get();
  const std::uint64_t size =
      fc::chunk_size(plan.source.units(), std::min(units, plan.source.units()), seconds, workers);
  rk::save_state("units_a_chunk", size);
  return size;
}

struct Outcome {
  fc::Report report;
  rk::ChunkTotals totals;
  std::string digest;
};

/// Fits all chunks on the workers, a window of them at a time, and writes what they return, in order. A chunk
/// whose task failed for good is reported in the place of its models; the others go on.
Outcome fit_all(const Plan& plan, const std::filesystem::path& path, int workers) {
  fc::ResultsFile file(path, plan.frame);
  Outcome outcome{fc::Report(plan.frame), {}, {}};
  fc::IdSet ids;
  rk::ChunkOptions options;
  options.task = {.name = "fit_chunk", .key = kChunks};
  options.unit = plan.source.counts_bytes() ? "bytes" : "series";
  options.total = plan.source.units();
  const std::uint64_t size = units_a_chunk(plan, workers);
  std::uint64_t first = 0;
  const auto next = [&]() -> std::optional<fc::ChunkRequest> {
    if (first >= plan.source.units()) return std::nullopt;
    fc::ChunkRequest request{plan.fit, plan.source.range(first, size)};
    first += size;
    return request;
  };
  const auto take = [&](const fc::ChunkRequest&, const fc::ChunkResult& result) {
    if (plan.source.counts_bytes()) {
      for (const std::string& id : result.ids) {
        if (!ids.add(id)) throw fc::not_together(id);
      }
    }
    file.append(result);
    outcome.report.add(result);
  };
  const auto stand_in = [](const fc::ChunkRequest& request, const rk::Error& error) {
    return fc::failed_chunk(request, error.what());
  };
  outcome.totals = rk::run_chunks<fc::fit_chunk>(options, next, take, stand_in);
  outcome.digest = file.close();
  return outcome;
}

nlohmann::ordered_json by_method(const fc::ScoreTable& table, double fc::Score::*measure) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (std::size_t k = 0; k < table.methods.size(); ++k)
    json[table.methods[k]] = table.total().methods[k].*measure;
  return json;  // a NaN is written as null
}

/// {"AutoETS": {"ETS(A,N,N)": 12}}, the most frequent forms of each model.
nlohmann::ordered_json won(const fc::Winners& winners) {
  constexpr std::size_t rows_max = 100;
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const fc::Winners::Row& row : winners.rows()) {
    json[row.model][row.form] = row.series;
    if (json.size() >= rows_max) break;
  }
  return json;
}

/// The most memory that a process of this rank ever had, in MiB, as Linux knows it.
double peak_memory_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

nlohmann::ordered_json peak_memory(int ranks) {
  nlohmann::ordered_json peaks = nlohmann::ordered_json::array();  // those that there is time to ask
  for (int rank = 0; rank < ranks && !rk::draining(); ++rank) {
    try {
      peaks.push_back(std::round(rank == 0
                                     ? peak_memory_mib()
                                     : rk::submit<peak_memory_mib>({.max_retries = 0, .rank = rank}).get()));
    } catch (const rk::Error&) {
      peaks.push_back(nullptr);  // it died
    }
  }
  return peaks;
}

nlohmann::ordered_json json_of(const Settings& settings, const Plan& plan, const Outcome& outcome,
                               int ranks) {
  const fc::Report& report = outcome.report;
  const auto fits = report.series() * static_cast<std::int64_t>(plan.frame.models.size());
  const std::int64_t fitted = fits - report.failed();
  const fc::ScoreTable table = report.scores();
  nlohmann::ordered_json json;
  json["app"] = "many_models";
  json["data"] = plan.source.name();
  json["series"] = report.series();
  json["models_fitted"] = fitted;
  json["failed"] = report.failed();
  json["chunks"] = outcome.totals.chunks;
  json["chunks_resumed"] = outcome.totals.resumed;
  json["ranks"] = ranks;
  json["seed"] = settings.seed;
  json["smape"] = by_method(table, &fc::Score::smape);
  json["mase"] = by_method(table, &fc::Score::mase);
  json["owa"] = by_method(table, &fc::Score::owa);
  for (std::size_t k = 0; k < table.levels.size(); ++k) {
    for (std::size_t m = 0; m < table.methods.size(); ++m) {
      const fc::Score& score = table.total().methods[m];
      const std::string level = fmt::format("{:g}", table.levels[k]);
      json["msis"][level][table.methods[m]] = score.msis[k];
      json["coverage_percent"][level][table.methods[m]] = score.coverage[k];
    }
  }
  json["won"] = won(report.winners());
  json["evaluations_per_fit"] =
      static_cast<double>(report.evaluations()) / static_cast<double>(std::max<std::int64_t>(fitted, 1));
  json["peak_memory_mib"] = peak_memory(ranks);
  json["results_sha256"] = outcome.digest;
  return json;
}

/// Tables, and what could not be fitted or scored.
void print_report(const Settings& settings, const Plan& plan, const fc::Report& report) {
  for (const std::string& line : report.lines()) std::cerr << line << '\n';
  if (report.failures_not_shown() > 0) {
    std::cerr << fmt::format("... and {} more failures: see failures_* in results.h5\n",
                             report.failures_not_shown());
  }
  const fc::ScoreTable table = report.scores();
  std::cout << '\n' << fc::render(table) << '\n';
  std::vector<std::string> groups;
  for (const fc::ScoreRow& row : table.rows) groups.push_back(row.group);
  groups.pop_back();
  constexpr std::size_t lines_max = 30;
  // The benchmarks choose nothing: their forms only say where they found a season.
  const bool forms_tell =
      settings.models != "benchmarks" && report.winners().rows().size() > plan.frame.models.size();
  const std::string_view title = settings.choose == "no" ? "Form fitted" : "Chosen";
  if (plan.frame.with_choice || forms_tell)
    std::cout << fc::render(report.winners(), title, groups, lines_max) << '\n';
}

/// Chunks of a file that was changed are fitted anew, because their requests name its version. This says so.
void say_if_changed(const Settings& settings, const fc::SeriesSource& source) {
  if (source.version().empty()) return;
  const auto before = rk::load_state<std::string>("data_version");
  if (before && *before != source.version()) {
    std::cerr << fmt::format(
        "rankine-many-models: {} has changed since this run began: what was fitted to it is not used\n",
        settings.predict_from.empty() ? settings.data : settings.predict_from);
  }
  rk::save_state("data_version", source.version());
}

int work_through(const Settings& settings, int ranks) {
  const rk::Time start = rk::now();
  std::filesystem::create_directories(settings.run.out);
  const Plan plan = make_plan(settings);
  say_if_changed(settings, plan.source);
  const std::filesystem::path path = std::filesystem::path(settings.run.out) / "results.h5";
  const Outcome outcome = fit_all(plan, path, std::max(1, ranks - 1));
  const double seconds = rk::seconds_since(start);
  print_report(settings, plan, outcome.report);
  nlohmann::ordered_json json = json_of(settings, plan, outcome, ranks);
  json["seconds"] = seconds;
  json["models_per_second"] =
      json["models_fitted"].get<double>() * outcome.totals.computed_share() / std::max(seconds, 1e-9);
  json["results"] = path.string();
  std::cout << json.dump() << std::endl;
  return outcome.report.failed() > 0 ? kSomeFailed : 0;
}

int list_models() {
  for (const fc::ModelDescription& model : fc::known_models())
    std::cout << fmt::format("{:<28} {}\n", model.name, model.one_liner);
  return 0;
}

/// A journal that was made with other ones is refused.
std::string results_depend_on(const Settings& settings) {
  std::string text = fmt::format("--series {} --seed {}", settings.series, settings.seed);
  if (settings.generator != "known") text = fmt::format("--generator {} {}", settings.generator, text);
  if (!settings.data.empty()) text = "--data " + settings.data;
  if (!settings.predict_from.empty()) text = "--predict-from " + settings.predict_from;
  text += " --models " + settings.models;
  if (!settings.season.empty()) text += fmt::format(" --season {}", fmt::join(settings.season, ","));
  if (settings.horizon > 0) text += fmt::format(" --horizon {}", settings.horizon);
  if (!settings.levels.empty()) text += fmt::format(" --levels {}", fmt::join(settings.levels, ","));
  if (settings.choose != "no") text += " --choose " + settings.choose;
  if (settings.save_models) text += " --save-models";
  return text;
}

int drive(const Settings& settings, int ranks) {
  return settings.models == "help" ? list_models() : work_through(settings, ranks);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Fits forecasting models to many time series and scores them.", "rankine-many-models");
  add_options(app, settings);
  return apps::run_program(argc, argv, app, settings.run,
                           {.depends_on = [&] { return results_depend_on(settings); },
                            .drive = [&](int ranks) { return drive(settings, ranks); }});
}
