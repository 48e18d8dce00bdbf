// SPDX-License-Identifier: Apache-2.0
// rankine-train: trains a GPT on text or tokens, or a classifier on images, on one core or a mesh of ranks.
// Options (train_settings), the training by rk::Trainer, what is left in the folder, and a line of JSON; or
// text from a checkpoint (train_sample).
#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/core/hash.hpp>
#include <rankine/rankine.hpp>

#include "plot/chart.hpp"
#include "plot/page.hpp"
#include "train_plan.hpp"
#include "train_settings.hpp"

namespace rk = rankine;

namespace train_app {

// ---- Before training

/// As many replicas as workers, where no mesh was said.
void choose_mesh(Settings& settings, int ranks) {
  if (settings.mesh_said) return;
  const auto workers = static_cast<std::size_t>(std::max(1, ranks - 1));
  settings.options.parallel.data = std::bit_floor(std::min(workers, settings.options.shape.shards));
}

/// Checkpoints of an earlier run: they may have taken days.
void move_aside(const std::filesystem::path& folder) {
  const std::filesystem::path old = folder.string() + ".old";
  std::filesystem::remove_all(old);
  std::filesystem::rename(folder, old);
}

/// Weights of other programs become a checkpoint of no steps, which every rank reads its part of.
void import_weights(Settings& settings) {
  if (settings.import_file.empty()) return;
  const train::Gpt2Weights weights = train::read_gpt2(settings.import_file);
  nn::GptConfig config = weights.config;
  config.dropout = settings.job.gpt.dropout;
  settings.job.gpt = config;
  const std::vector<nn::Unit> units = nn::gpt_units(config, 1);
  const std::filesystem::path folder = std::filesystem::path(settings.run.out) / "imported";
  const train::CheckpointWriter writer(folder, 0);
  writer.begin();
  const auto part = writer.part(0);
  std::uint64_t hash = 0;
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    const std::vector<float>& values = weights.units[unit];
    const std::vector<float> zeros(values.size());
    part->add({unit, 0, 1, 0, values.size()}, values, zeros, zeros);
    hash = rk::hash_blocks(std::as_bytes(std::span(values)), hash);
  }
  part->close();
  writer.commit({}, units, 1);
  settings.job.imported = fmt::format("{:016x}", hash);
  settings.options.initial = train::find_checkpoints(folder).back().path;
}

// ---- What is left in the folder

rk::plot::Chart chart_of(const std::string& title, const std::string& y) {
  return {title, "step", y};
}

rk::plot::Curve curve_of(const train::Progress& progress, const std::string& name,
                         double train::CurvePoint::*number) {
  rk::plot::Curve curve;
  curve.name = name;
  for (const train::CurvePoint& point : progress.curve) {
    if (!std::isfinite(point.*number)) continue;
    curve.x.push_back(static_cast<double>(point.step));
    curve.y.push_back(point.*number);
  }
  return curve;
}

/// A row for what each rank computes and one for what it communicates; time from left to right.
rk::plot::Chart spans_chart(const std::vector<std::vector<train::TimelineSpan>>& spans) {
  rk::plot::Chart chart{"Two steps of each rank", "time [ms]", "rank (computing above, communicating below)"};
  rk::Time first{std::numeric_limits<std::int64_t>::max()};
  for (const auto& rank : spans)
    for (const train::TimelineSpan& span : rank) first = std::min(first, span.begin);
  const auto add = [&](const char* name, train::TimelineSpan::Row row, double height) {
    rk::plot::Curve curve;
    curve.name = name;
    curve.width = 6;
    for (std::size_t rank = 0; rank < spans.size(); ++rank) {
      for (const train::TimelineSpan& span : spans[rank]) {
        if (span.row != row) continue;
        for (const rk::Time at : {span.begin, span.end}) {
          curve.x.push_back(static_cast<double>(at - first) * 1e-6);
          curve.y.push_back(static_cast<double>(rank) + height);
        }
        curve.x.push_back(std::nan(""));
        curve.y.push_back(std::nan(""));
      }
    }
    if (!curve.x.empty()) chart.curves.push_back(std::move(curve));
  };
  add("computes", train::TimelineSpan::Row::compute, 0.15);
  add("communicates", train::TimelineSpan::Row::communicate, -0.15);
  return chart;
}

std::string mesh_text(const train::Trained& trained) {
  return train::describe(trained.parallel);
}

/// The share of communication, in the steps with spans, during which the rank computes; the mean of the ranks
/// that communicate, NaN where none does.
double communication_hidden(const train::Trained& trained) {
  double sum = 0;
  std::size_t ranks = 0;
  for (const auto& rank : trained.spans) {
    const auto communicates = [](const train::TimelineSpan& span) {
      return span.row == train::TimelineSpan::Row::communicate;
    };
    if (std::none_of(rank.begin(), rank.end(), communicates)) continue;
    sum += train::overlap(rank);
    ++ranks;
  }
  return ranks == 0 ? std::nan("") : sum / static_cast<double>(ranks);
}

void write_report(const Settings& settings, const train::Trained& trained) {
  const std::filesystem::path out = settings.run.out;
  rk::plot::Page page("Training of " + settings.preset);
  page.text(fmt::format("{}; {} parameters; {} steps of {} examples in {} shards, seed {}; mesh: {}.",
                        settings.job.config(), trained.parameters, trained.progress.steps,
                        settings.options.shape.batch, settings.options.shape.shards,
                        settings.options.shape.seed, mesh_text(trained)));
  page.table(
      {"measure", "value"},
      {{"validation loss (nats)", fmt::format("{:.4f}", trained.validation_loss())},
       {"validation accuracy (%)", fmt::format("{:.2f}", 100 * trained.validation_accuracy())},
       {settings.job.is_gpt() ? "tokens/s" : "examples/s", fmt::format("{:.0f}", trained.tokens_per_second)},
       {"model operations / measured product rate (%)", fmt::format("{:.1f}", 100 * trained.utilisation)},
       {"memory of the fullest rank (MiB)",
        fmt::format("{:.1f}", static_cast<double>(trained.memory_bytes) / 1048576)},
       {"restarts after deaths", fmt::format("{}", trained.restarts)}});
  page.heading("Curves");
  rk::plot::Chart loss = chart_of("Loss", "cross-entropy [nats]");
  loss.curves = {curve_of(trained.progress, "training", &train::CurvePoint::loss),
                 curve_of(trained.progress, "validation", &train::CurvePoint::validation_loss)};
  page.picture(rk::plot::svg_of(loss));
  rk::plot::Chart norm = chart_of("Norm of the gradient, before clipping", "norm");
  norm.curves = {curve_of(trained.progress, "", &train::CurvePoint::norm)};
  page.picture(rk::plot::svg_of(norm));
  rk::plot::Chart rate = chart_of("Learning rate", "rate");
  rate.curves = {curve_of(trained.progress, "", &train::CurvePoint::rate)};
  page.picture(rk::plot::svg_of(rate));
  if (!trained.spans.empty() && !trained.spans.front().empty()) {
    page.heading("What the ranks do");
    page.picture(rk::plot::svg_of(spans_chart(trained.spans)));
    if (const double hidden = communication_hidden(trained); std::isfinite(hidden))
      page.text(fmt::format("{:.0f} % of the time of communication a rank computes, too.", 100 * hidden));
    train::write_timeline(out / "timeline.json", trained.spans);
  }
  if (settings.job.is_gpt() && !trained.checkpoint.empty()) {
    const Loaded loaded = load(trained.checkpoint);
    if (!loaded.about.symbols.empty()) {
      Sampling how;
      how.prompt = loaded.about.symbols.front();
      how.seed = settings.options.shape.seed;
      page.heading("A sample");
      page.text(sample(loaded.about, loaded.units, how));
    }
  }
  page.write(out / "report.html");
}

/// Of all parameters, whatever the mesh.
std::string parameters_hash(const std::filesystem::path& checkpoint) {
  train::CheckpointReader reader(checkpoint);
  std::uint64_t hash = 0;
  for (std::size_t unit = 0; unit < reader.units().size(); ++unit) {
    const std::vector<float> values = reader.whole(unit).parameters;
    hash = rk::hash_blocks(std::as_bytes(std::span(values)), hash);
  }
  return fmt::format("{:016x}", hash);
}

/// JSON has no NaN.
nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json json_of(const Settings& settings, const train::Trained& trained, int ranks) {
  const std::vector<train::CurvePoint>& curve = trained.progress.curve;
  nlohmann::ordered_json json;
  json["app"] = "train";
  json["model"] = settings.job.kind;
  json["preset"] = settings.preset;
  json["device"] = settings.job.device;
  json["precision"] = settings.job.precision;
  json["parameters"] = trained.parameters;
  json["iters"] = trained.progress.steps;
  json["iters_resumed"] = trained.steps_resumed;
  json["train_loss"] = number(curve.empty() ? std::nan("") : curve.back().loss);
  json["val_loss"] = number(trained.validation_loss());
  if (!settings.job.is_gpt()) json["val_accuracy"] = number(trained.validation_accuracy());
  json["stopped_early"] = trained.stopped_early;
  json[settings.job.is_gpt() ? "tokens_per_second" : "examples_per_second"] = trained.tokens_per_second;
  json["flop_utilisation"] = trained.utilisation;
  json["communication_hidden"] = number(communication_hidden(trained));
  json["peak_gflops"] = trained.peak * 1e-9;
  json["data_parallel"] = trained.parallel.data;
  json["tensor_parallel"] = trained.parallel.tensor;
  json["pipeline_parallel"] = trained.parallel.pipeline;
  json["zero"] = trained.parallel.zero;
  json["shards"] = settings.options.shape.shards;
  json["restarts"] = trained.restarts;
  json["memory_mib"] = static_cast<double>(trained.memory_bytes) / 1048576;
  json["ranks"] = ranks;
  json["seed"] = settings.options.shape.seed;
  json["seconds"] = trained.seconds;
  if (!trained.checkpoint.empty()) {
    json["checkpoint"] = trained.checkpoint.string();
    json["parameters_hash"] = parameters_hash(trained.checkpoint);
  }
  return json;
}

// ---- The run

int write_text(const Settings& settings) {
  std::filesystem::path from = settings.sample_from;
  Loaded loaded;
  if (!settings.import_file.empty()) {
    const train::Gpt2Weights weights = train::read_gpt2(settings.import_file);
    loaded = {{weights.config, {}}, weights.units};
  } else {
    if (from.empty()) {
      const std::filesystem::path folder = std::filesystem::path(settings.run.out) / "checkpoints";
      const auto found = train::last_checkpoint(folder);
      if (!found)
        throw rk::InputError(fmt::format("--sample: there is no checkpoint in {}", folder.string()));
      from = *found;
    }
    loaded = load(from);
  }
  Sampling how = settings.sampling;
  how.tokens = settings.sample;
  how.seed = settings.options.shape.seed;
  std::cout << sample(loaded.about, loaded.units, how) << std::endl;
  return 0;
}

void export_weights(const Settings& settings, const train::Trained& trained) {
  if (settings.export_file.empty()) return;
  if (trained.checkpoint.empty()) throw rk::InputError("--export needs checkpoints: without --no-report");
  Loaded loaded = load(trained.checkpoint);
  train::write_gpt2(settings.export_file, {loaded.about.config, std::move(loaded.units)});
}

int work_through(Settings settings, int ranks) {
  if (settings.sample > 0) return write_text(settings);
  const std::filesystem::path out = settings.run.out;
  std::filesystem::create_directories(out);
  import_weights(settings);
  look_at_data(settings);
  choose_mesh(settings, ranks);
  if (settings.plan) return plan(settings, ranks - 1);
  train::TrainerOptions& options = settings.options;
  options.folder = settings.plain ? std::filesystem::path() : out / "checkpoints";
  options.trace = !settings.plain;
  const auto found = train::find_checkpoints(options.folder);
  if (settings.run.resume && found.empty())
    throw rk::InputError(fmt::format("--resume: there is no checkpoint in {}", options.folder.string()));
  const bool unfinished = !found.empty() && !train::CheckpointReader(found.back().path).progress().finished;
  options.resume = settings.run.resume || (!settings.run.fresh && unfinished);
  if (!options.resume && !found.empty()) move_aside(options.folder);
  const train::Trained trained = rk::Trainer(settings.job, options).run();
  export_weights(settings, trained);
  if (!settings.plain) write_report(settings, trained);
  std::cout << json_of(settings, trained, ranks).dump() << std::endl;
  return 0;
}

}  // namespace train_app

int main(int argc, char** argv) {
  train_app::Settings settings;
  CLI::App app("Trains a GPT on text or tokens, or a classifier on images.", "rankine-train");
  train_app::add_options(app, settings);
  return apps::run_program(argc, argv, app, settings.run,
                           {.parsed = [&] { train_app::merge_preset(app, settings); },
                            .depends_on = [&] { return settings.preset; },
                            .drive = [&](int ranks) { return train_app::work_through(settings, ranks); }});
}
