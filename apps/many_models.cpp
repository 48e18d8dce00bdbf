// SPDX-License-Identifier: Apache-2.0
// rankine-many-models: fits the eight benchmark methods of the M4 competition to thousands or millions of
// time series, a chunk of series a task, and scores them. It reads M3, M4, long CSV and HDF5 files, or
// generates series from a known process and shows the noise floor beside the result. The mathematics is in
// src/forecast; here are options, chunks, progress and the report. Results do not depend on the number of
// ranks.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include <fmt/format.h>

#include <rankine/core/clock.hpp>
#include <rankine/forecast/reader.hpp>
#include <rankine/forecast/results.hpp>
#include <rankine/rankine.hpp>
#include <rankine/serialize/boost.hpp>

namespace rk = rankine;
namespace fc = rankine::forecast;

namespace {

constexpr std::uint64_t kChunks = 1;  // the key by which the journal knows them
constexpr int kSomeFailed = 3;        // exit code: results are there, but some models could not be fitted

struct Settings {
  std::string data;
  std::uint64_t series = 2000;
  std::string models = "all";
  int season = 0;
  int horizon = 0;
  std::uint64_t seed = 1;
  std::string out = "run";
  std::string walltime;
  bool resume = false;
  bool fresh = false;
  fc::ReadOptions columns;
};

/// What there is to do: the frame of the results and the chunks that fill it, in order.
struct Work {
  fc::Results results;
  std::vector<fc::ChunkRequest> chunks;
};

/// The option reader takes -1, and what is too large, for the largest there is.
std::string whole_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return "Value " + text + " is not a whole number from 0 to 18446744073709551615";
}

/// Empty, or what is wrong with it.
std::string is_walltime(const std::string& text) {
  try {
    rk::parse_walltime(text);
    return {};
  } catch (const rk::InputError& error) {
    return error.what();
  }
}

void add_options(CLI::App& app, Settings& settings) {
  constexpr std::uint64_t series_max = 1'000'000'000;
  constexpr int steps_max = 100'000;
  app.add_option("--data", settings.data,
                 "M3 file, M4 NAME-train.csv or folder, long CSV (id,time,value) or HDF5");
  app.add_option("--series", settings.series, "without --data: how many series to generate")
      ->check(CLI::Range(std::uint64_t{1}, series_max));
  app.add_option("--models", settings.models,
                 "all, or a list of naive,snaive,naive2,ses,holt,damped,theta,comb");
  app.add_option("--season", settings.season,
                 "observations a seasonal cycle (default: as the data says; generated 12)")
      ->check(CLI::Range(1, steps_max));
  app.add_option("--horizon", settings.horizon,
                 "steps to forecast, held out (default: as the data says; generated 18)")
      ->check(CLI::Range(1, steps_max));
  app.add_option("--seed", settings.seed, "of the generated series")->check(whole_number);
  app.add_option(
      "--out", settings.out,
      "folder for results.h5 and, unless RANKINE_RUN_DIR names another one, for the run's status and "
      "journal; made if it is not there");
  app.add_option("--walltime", settings.walltime,
                 "how long the run may take: 90 (seconds), 30m, 1:30:00 (default: as Slurm says)")
      ->check(is_walltime);
  auto* resume = app.add_flag("--resume", settings.resume,
                              "go on from the journal in the run's folder, which must be there (default: "
                              "where one of the same options is there and its run did not finish)");
  app.add_flag("--fresh", settings.fresh, "start over; a journal that is there is moved aside")
      ->excludes(resume);
  app.add_option("--id-column", settings.columns.id_column, "of long CSV");
  app.add_option("--time-column", settings.columns.time_column, "of long CSV");
  app.add_option("--value-column", settings.columns.value_column, "of long CSV");
  app.footer(
      "Exit code: 0 all models fitted or stopped before the wall time, to be run again; 1 wrong input or a "
      "failed system call, 2 the run could not begin, 3 some models could not be fitted.");
}

/// A resumed run cuts as the first one did, however many workers it has: what was fitted is known by chunks.
std::int64_t settled_chunk_size(std::int64_t size) {
  if (const auto before = rk::load_state<std::int64_t>("series_per_chunk")) return *before;
  rk::save_state("series_per_chunk", size);
  return size;
}

/// Series from a file, cut into chunks that carry their values.
Work work_from_file(const Settings& settings, int workers) {
  fc::ReadOptions options = settings.columns;
  options.season = settings.season;
  options.horizon = settings.horizon;
  fc::Dataset dataset = fc::read_dataset(settings.data, options);
  const std::vector<fc::ModelId> models = fc::parse_models(settings.models);
  Work work{fc::results_of(dataset, models), {}};
  std::int64_t values = 0;
  for (const fc::Series& series : dataset.series) values += static_cast<std::int64_t>(series.train.size());
  const auto count = static_cast<std::int64_t>(dataset.series.size());
  const auto size = static_cast<std::size_t>(
      settled_chunk_size(fc::chunk_size(count, values, static_cast<int>(models.size()), workers)));
  for (std::size_t first = 0; first < dataset.series.size(); first += size) {
    fc::ChunkRequest& chunk = work.chunks.emplace_back();
    chunk.models = models;
    const std::size_t last = std::min(first + size, dataset.series.size());
    for (std::size_t k = first; k < last; ++k) chunk.series.push_back(std::move(dataset.series[k]));
  }
  return work;
}

/// Series that the workers generate themselves: a chunk is a few numbers.
Work work_generated(const Settings& settings, int workers) {
  fc::GeneratorOptions generator;
  if (settings.season > 0) generator.season = settings.season;
  if (settings.horizon > 0) generator.horizon = settings.horizon;
  // Four cycles at least, so that the seasonality test has something to go by.
  generator.length_min = std::max(generator.length_min, 4 * generator.season);
  generator.length_max = std::max(generator.length_max, 2 * generator.length_min);
  const std::vector<fc::ModelId> models = fc::parse_models(settings.models);
  Work work{fc::results_of_generated(0, settings.series, generator, models), {}};
  const auto count = static_cast<std::int64_t>(settings.series);
  const std::int64_t values = count * (generator.length_min + generator.length_max) / 2;
  const auto size = static_cast<std::uint64_t>(
      settled_chunk_size(fc::chunk_size(count, values, static_cast<int>(models.size()), workers)));
  // Forecasts of a million series are gigabytes that nobody asked for: their errors stay.
  constexpr std::uint64_t forecasts_max = 50'000'000;
  const bool keep =
      settings.series * models.size() * static_cast<std::uint64_t>(generator.horizon) <= forecasts_max;
  for (std::uint64_t first = 0; first < settings.series; first += size) {
    fc::ChunkRequest& chunk = work.chunks.emplace_back();
    chunk.models = models;
    chunk.keep_forecasts = keep;
    chunk.seed = settings.seed;
    chunk.first = first;
    chunk.count = std::min(size, settings.series - first);
    chunk.generator = generator;
  }
  return work;
}

/// One live line on a terminal, a line every ten seconds in a log.
class Progress {
 public:
  Progress(std::int64_t models, std::size_t chunks) : models_(models), chunks_(chunks) {}

  void show(std::size_t ended, bool last) {
    const double seconds = rk::seconds_since(start_);
    const bool news = rk::draining() && !drains_;
    drains_ = rk::draining();
    if (!last && !live_ && !news && seconds - shown_s_ < 10) return;
    shown_s_ = seconds;
    const double share = static_cast<double>(ended) / static_cast<double>(std::max<std::size_t>(chunks_, 1));
    const double rate = share * static_cast<double>(models_) / std::max(seconds, 1e-9);
    const double left_s = share > 0 ? seconds * (1 - share) / share : 0;
    std::cerr << fmt::format("{}{:3.0f} %  {:.0f} of {} models  {:.0f}/s  {}{}", live_ ? "\r" : "",
                             100 * share, share * static_cast<double>(models_), models_, rate,
                             last             ? fmt::format("done in {:.2f} s", seconds)
                             : rk::draining() ? "draining: nothing new starts"
                                              : fmt::format("ETA {:.0f} s", left_s),
                             live_ && !last ? "    " : "          \n")
              << std::flush;
  }
  /// What others print comes below the live line.
  void leave_line() const {
    if (live_) std::cerr << '\n';
  }
  double seconds() const { return rk::seconds_since(start_); }

 private:
  std::int64_t models_;
  std::size_t chunks_;
  rk::Time start_ = rk::now();
  double shown_s_ = 0;
  bool drains_ = false;
  bool live_ = isatty(STDERR_FILENO) == 1;
};

/// Fits all chunks on the workers and joins what they return, in order. A chunk whose task failed for good is
/// reported in the place of its models; the others go on.
double fit_all(Work& work) {
  const auto models = static_cast<std::int64_t>(work.results.ids.size() * work.results.models.size());
  Progress progress(models, work.chunks.size());
  const auto results = rk::map<fc::fit_chunk>(rk::Options{.name = "fit_chunk", .key = kChunks}, work.chunks);
  try {
    while (!results.wait(std::chrono::milliseconds(200))) progress.show(results.ended(), false);
  } catch (const rk::Drained&) {
    progress.show(results.ended(), false);
    progress.leave_line();
    throw;
  }
  for (std::size_t k = 0; k < work.chunks.size(); ++k) {
    try {
      work.results.fits.append(results[k].get());
    } catch (const rk::Error& error) {
      work.results.fits.append(fc::failed_chunk(work.chunks[k], error.what()));
    }
  }
  progress.show(work.chunks.size(), true);
  return progress.seconds();
}

/// Names what could not be fitted or scored: a line for each series and reason.
void report_failures(const fc::Results& results) {
  constexpr int lines_max = 20;
  const auto& failures = results.fits.failures;
  const std::size_t models = results.models.size();
  int lines = 0;
  for (std::size_t k = 0; k < failures.size();) {
    std::string names;
    std::size_t next = k;
    for (; next < failures.size() && failures[next].series == failures[k].series &&
           failures[next].reason == failures[k].reason;
         ++next) {
      names += fmt::format("{}{}", next > k ? ", " : "", fc::name(failures[next].model));
    }
    if (++lines > lines_max) {
      std::cerr << fmt::format("... and {} more failures: see failures_* in results.h5\n",
                               failures.size() - k);
      break;
    }
    std::cerr << fmt::format("failed: series {}, {}: {}\n",
                             results.ids[static_cast<std::size_t>(failures[k].series)],
                             next - k == models ? "all models" : names, failures[k].reason);
    k = next;
  }
  lines = 0;
  for (std::size_t s = 0; s < results.ids.size() && lines < lines_max; ++s) {
    bool undefined = false;
    for (std::size_t k = s * models; k < (s + 1) * models; ++k) {
      undefined = undefined || (!std::isnan(results.fits.smape[k]) && std::isnan(results.fits.mase[k]));
    }
    if (!undefined) continue;
    std::cerr << fmt::format("no MASE: series {}: its naive in-sample error is 0 or undefined\n",
                             results.ids[s]);
    ++lines;
  }
}

nlohmann::ordered_json by_model(const fc::ScoreTable& table, double fc::Score::*measure) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (std::size_t k = 0; k < table.methods.size(); ++k)
    json[table.methods[k]] = table.total().methods[k].*measure;
  return json;  // a NaN is written as null
}

int work_through(const Settings& settings, int ranks) {
  const rk::Time start = rk::now();
  std::filesystem::create_directories(settings.out);
  const int workers = std::max(1, ranks - 1);
  Work work = settings.data.empty() ? work_generated(settings, workers) : work_from_file(settings, workers);
  const double seconds = fit_all(work);
  const std::uint64_t resumed = rk::statistics().resumed;
  const double computed =
      1 - static_cast<double>(resumed) / static_cast<double>(std::max<std::size_t>(work.chunks.size(), 1));

  const fc::Results& results = work.results;
  const std::filesystem::path path = std::filesystem::path(settings.out) / "results.h5";
  fc::write_results(path, results);
  report_failures(results);
  const fc::ScoreTable table = fc::score(results);
  std::cout << '\n' << fc::render(table) << '\n';
  const auto failed = static_cast<std::int64_t>(results.fits.failures.size());
  const auto fitted = static_cast<std::int64_t>(results.ids.size() * results.models.size()) - failed;
  nlohmann::ordered_json json;
  json["app"] = "many_models";
  json["data"] = results.dataset;
  json["series"] = results.ids.size();
  json["models_fitted"] = fitted;
  json["failed"] = failed;
  json["seconds"] = seconds;
  json["total_seconds"] = rk::seconds_since(start);
  json["models_per_second"] = static_cast<double>(fitted) * computed / std::max(seconds, 1e-9);
  json["chunks"] = work.chunks.size();
  json["chunks_resumed"] = resumed;
  json["ranks"] = ranks;
  json["seed"] = settings.seed;
  json["smape"] = by_model(table, &fc::Score::smape);
  json["mase"] = by_model(table, &fc::Score::mase);
  json["owa"] = by_model(table, &fc::Score::owa);
  json["results"] = path.string();
  json["results_sha256"] = fc::digest(results);
  std::cout << json.dump() << std::endl;
  return failed > 0 ? kSomeFailed : 0;
}

/// A journal that was made with other ones is refused.
std::string results_depend_on(const Settings& settings) {
  std::string text = settings.data.empty()
                         ? fmt::format("--series {} --seed {}", settings.series, settings.seed)
                         : "--data " + settings.data;
  text += " --models " + settings.models;
  if (settings.season > 0) text += fmt::format(" --season {}", settings.season);
  if (settings.horizon > 0) text += fmt::format(" --horizon {}", settings.horizon);
  return text;
}

/// What the runtime needs to know before it starts.
rk::RuntimeOptions runtime_options(const Settings& settings) {
  rk::RuntimeOptions options;
  if (std::getenv("RANKINE_RUN_DIR") == nullptr) options.run_directory = settings.out;
  options.resume = settings.resume  ? rk::Resume::required
                   : settings.fresh ? rk::Resume::fresh
                                    : rk::Resume::automatic;
  options.depends_on = results_depend_on(settings);
  if (!settings.walltime.empty()) options.walltime = rk::parse_walltime(settings.walltime);
  return options;
}

int drive(const Settings& settings, int ranks) {
  try {
    return work_through(settings, ranks);
  } catch (const rk::InputError& error) {
    std::cerr << "rankine-many-models: " << error.what() << '\n';
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "rankine-many-models: --out: " << error.what() << '\n';
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Fits forecasting models to many time series and scores them.", "rankine-many-models");
  add_options(app, settings);
  std::optional<CLI::ParseError> wrong;  // all ranks read the options, one says what is wrong with them
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    wrong = error;
  }
  rk::Runtime runtime(argc, argv, wrong ? rk::RuntimeOptions{} : runtime_options(settings));
  return runtime.run([&] {
    if (wrong) return app.exit(*wrong) == 0 ? 0 : 1;
    return drive(settings, runtime.size());
  });
}
