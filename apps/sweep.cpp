// SPDX-License-Identifier: Apache-2.0
// rankine-sweep: searches hyperparameters. Of a training job of its own (a perceptron on digits, MNIST or
// generated clouds), of any program (--command, with {placeholders}), or in a table of results (--table, in
// virtual time).
//
// The study (rankine/tune) decides what to try and what to stop; run_trials trains on the ranks. Everything
// that is told is journalled: the same command goes on after anything.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <nlohmann/json.hpp>

#include <rankine/core/clock.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/many_models/chunks.hpp>
#include <rankine/nn/dataset.hpp>
#include <rankine/nn/mlp.hpp>
#include <rankine/nn/optimiser.hpp>
#include <rankine/rankine.hpp>
#include <rankine/tune/results.hpp>
#include <rankine/tune/run_trials.hpp>
#include <rankine/tune/schedulers.hpp>
#include <rankine/tune/space_toml.hpp>
#include <rankine/tune/table.hpp>

#include "files/hdf5_writer.hpp"
#include "run_options.hpp"
#include "sweep_command.hpp"

namespace sweep {

namespace rk = rankine;
namespace tune = rankine::tune;
namespace nn = rankine::nn;

constexpr int kSomeFailed = 3;
constexpr std::uint64_t kStudy = 1;  ///< the study's key in the journal

struct Settings {
  std::string table, command, data, space;
  tune::TableOptions columns;
  std::string sampler = "tpe", scheduler, mode = "ordered";
  std::uint64_t trials = 0, seed = 1, window = 8, workers = 1, examples = 2000, slots = 0;
  tune::SchedulerOptions rungs;
  std::int64_t steps = 0, interval = 0;
  double cost_max = 0, seconds_max = 0, trial_timeout = 0, cpus = 1;
  int retries = 0, ranks_per_trial = 1;
  std::uint64_t gang_above = 0;
  bool maximise = false, not_resumable = false;
  apps::RunOptions run;
};

// ---- Options

void add_objective_options(CLI::App& app, Settings& settings) {
  auto* table =
      app.add_option("--table", settings.table,
                     "CSV (gzip too) of trained configurations: searched in virtual time, no row twice");
  app.add_option(
         "--command", settings.command,
         "program to be run for each trial, such as \"python train.py --lr {lr} --epochs {steps}\"; its "
         "output "
         "ends in the metric. {trial}, {from}, {steps}, {seed} and {dir} (the trial's folder) are known, too")
      ->excludes(table);
  app.add_option("--space", settings.space, "TOML file of the search space (needed by --command)")
      ->excludes(table);
  app.add_option(
         "--data", settings.data,
         "for the built-in training: a folder of MNIST, or a CSV of whole numbers whose last column is the "
         "label (default: generated)")
      ->excludes(table);
  app.add_option("--examples", settings.examples, "of the built-in training, at most")
      ->check(CLI::Range(50, 10'000'000));
  app.add_option("--objective", settings.columns.objective,
                 "of --table: column, or NAME of a curve NAME_0 .. NAME_n");
  app.add_option("--fidelity", settings.columns.fidelity, "of --table: column of steps, or none");
  app.add_option("--cost", settings.columns.cost, "of --table: column, or none (then whole trainings)");
  app.add_option("--ignore", settings.columns.ignore,
                 "of --table: further columns that are no hyperparameters")
      ->delimiter(',');
  app.add_option("--workers", settings.workers, "of --table: virtual workers")
      ->check(CLI::Range(1, 1'000'000));
  app.add_flag("--maximise", settings.maximise, "the metric is to be large");
}

void add_study_options(CLI::App& app, Settings& settings) {
  app.add_option("--sampler", settings.sampler, "random, grid, sobol, tpe, gp or cmaes")
      ->capture_default_str();
  app.add_option(
      "--scheduler", settings.scheduler,
      fmt::format("{} (default: asha where trials have steps)", fmt::join(tune::scheduler_names(), ", ")));
  app.add_option("--trials", settings.trials, "configurations (default 64; of a table 100 at most)")
      ->check(CLI::Range(1, 10'000'000));
  app.add_option("--steps", settings.steps,
                 "of a whole trial (default 27 epochs; --command: needed for {steps})")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
  app.add_option("--eta", settings.rungs.eta, "one of eta trials goes on to the next rung")
      ->capture_default_str();
  app.add_option("--step-min", settings.rungs.step_min, "the first rung")->capture_default_str();
  app.add_option("--interval", settings.interval,
                 "pbt, median: steps between decisions (pbt: a tenth of --steps)");
  app.add_option("--population", settings.rungs.population, "pbt")->capture_default_str();
  app.add_flag("--not-resumable", settings.not_resumable,
               "asha: trials cannot go on from a checkpoint; they run on or stop");
  app.add_option("--cost-max", settings.cost_max,
                 "nothing begins after so much cost, in steps or a table's unit");
  app.add_option("--seconds-max", settings.seconds_max, "nothing begins after so many seconds");
  app.add_option("--seed", settings.seed)->capture_default_str();
}

void add_options(CLI::App& app, Settings& settings) {
  add_objective_options(app, settings);
  add_study_options(app, settings);
  app.add_option(
         "--mode", settings.mode,
         "ordered: the same history on any number of ranks, --window trials at once. async: no rank idles")
      ->check(CLI::IsMember({"ordered", "async"}))
      ->capture_default_str();
  app.add_option("--window", settings.window, "of ordered mode")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--slots", settings.slots,
                 "of async mode: ranks' worth of trials at once (default: all workers)");
  app.add_option("--retries", settings.retries, "further attempts of a trial that fails")
      ->check(CLI::Range(0, 1000));
  app.add_option("--trial-timeout", settings.trial_timeout, "seconds that an attempt may take");
  app.add_option("--cpus", settings.cpus, "that a trial holds")->check(CLI::PositiveNumber);
  app.add_option("--ranks-per-trial", settings.ranks_per_trial,
                 "built-in training: on a gang of so many ranks")
      ->check(CLI::Range(1, 4096));
  app.add_option("--gang-above", settings.gang_above,
                 "built-in training: gangs only for networks wider than this");
  apps::add_run_options(app, settings.run,
                        "results.csv, results.h5, best.toml, report.html (and best.h5, the best network of "
                        "the built-in training)");
  app.footer(
      "Exit code: 0 done, or stopped before the wall time, to be run again; 1 wrong input or a failed system "
      "call, 2 the run could not begin, 3 some trials failed.");
}

bool steps_in(const Settings& settings) {
  const auto names = placeholders(split_words(settings.command));
  return std::find(names.begin(), names.end(), "steps") != names.end();
}

void fill_defaults(Settings& settings) {
  const bool whole = !settings.command.empty() && !steps_in(settings);
  if (!settings.command.empty() && settings.space.empty())
    throw CLI::ValidationError("--command", "needs --space FILE");
  if (whole && settings.steps > 0) throw CLI::ValidationError("--steps", "the command has no {steps}");
  if (!settings.command.empty() && !whole && settings.steps == 0)
    throw CLI::ValidationError("--command", "has {steps}: give --steps, those of a whole trial");
  if (settings.scheduler.empty()) settings.scheduler = whole ? "none" : "asha";
  if (whole && settings.scheduler != "none")
    throw CLI::ValidationError("--scheduler", "a command without {steps} can only be run whole: none");
  if (!settings.command.empty() && (settings.scheduler == "pbt" || settings.not_resumable))
    throw CLI::ValidationError("--scheduler",
                               "a command cannot take over checkpoints, or report while it runs");
  if (!settings.command.empty() && settings.ranks_per_trial > 1)
    throw CLI::ValidationError("--ranks-per-trial", "a command is a process of its own, not a gang");
  if (settings.command.empty() && settings.table.empty() && settings.steps == 0) settings.steps = 27;
  const std::set<std::string> samplers{"random", "grid", "sobol", "tpe", "gp", "cmaes"};
  if (samplers.count(settings.sampler) == 0)
    throw CLI::ValidationError("--sampler",
                               fmt::format("{} is none of {}", settings.sampler, fmt::join(samplers, ", ")));
}

/// What the history depends on. A journal that was made with other ones is refused.
std::string results_depend_on(const Settings& settings) {
  return fmt::format(
      "--table {} --command {} --data {} --space {} --examples {} --sampler {} --scheduler {} --mode {} "
      "--window {} "
      "--trials {} --steps {} --eta {} --step-min {} --interval {} --population {} --not-resumable {} "
      "--cost-max {} "
      "--seconds-max {} --seed {} --maximise {} --ranks-per-trial {} --gang-above {} --workers {}",
      settings.table, settings.command, settings.data, settings.space, settings.examples, settings.sampler,
      settings.scheduler, settings.mode, settings.window, settings.trials, settings.steps, settings.rungs.eta,
      settings.rungs.step_min, settings.interval, settings.rungs.population, settings.not_resumable,
      settings.cost_max, settings.seconds_max, settings.seed, settings.maximise, settings.ranks_per_trial,
      settings.gang_above, settings.workers);
}

// ---- The built-in training: a perceptron

/// What a network is trained from and goes on from.
struct TrainingState {
  std::vector<float> parameters;
  nn::Optimiser optimiser;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& parameters& optimiser;
  }
};

/// The members of a gang that train one network, each on its part of every batch; one alone by default.
struct Team {
  int rank = 0, size = 1;
  std::function<void(std::vector<float>&)> sum = [](std::vector<float>&) {};
};

struct Examples {
  std::vector<float> features;
  std::vector<std::uint8_t> labels;
};

Examples gather(const nn::Dataset& data, std::span<const std::uint32_t> rows) {
  Examples examples;
  examples.features.resize(rows.size() * data.width);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    data.example(rows[k], std::span(examples.features).subspan(k * data.width, data.width));
    examples.labels.push_back(data.labels[rows[k]]);
  }
  return examples;
}

/// One pass over the rows, shuffled; the order depends on seed and epoch alone.
void train_epoch(nn::Mlp& network, nn::Optimiser& optimiser, const nn::Dataset& data,
                 std::vector<std::uint32_t> rows, const tune::Parameters& parameters, rk::Philox shuffle,
                 const Team& team) {
  for (std::size_t k = rows.size(); k > 1; --k) std::swap(rows[k - 1], rows[shuffle.below(k)]);
  const auto batch = static_cast<std::size_t>(parameters.integer("batch"));
  std::vector<float> gradient(network.parameters().size());
  for (std::size_t first = 0; first < rows.size(); first += batch) {
    const std::size_t count = std::min(batch, rows.size() - first);
    const std::size_t own_first =
        first + count * static_cast<std::size_t>(team.rank) / static_cast<std::size_t>(team.size);
    const std::size_t own_end =
        first + count * static_cast<std::size_t>(team.rank + 1) / static_cast<std::size_t>(team.size);
    std::fill(gradient.begin(), gradient.end(), 0.0F);
    if (own_end > own_first) {
      const Examples own = gather(data, std::span(rows).subspan(own_first, own_end - own_first));
      network.loss_and_gradient(own.features, own.labels, parameters.number("weight_decay"), gradient);
      const float share = static_cast<float>(own_end - own_first) / static_cast<float>(count);
      for (float& part : gradient) part *= share;
    }
    team.sum(gradient);
    optimiser.step(network.parameters(), gradient);
  }
}

std::vector<std::size_t> widths_of(const tune::Parameters& parameters, const nn::Dataset& data) {
  std::vector<std::size_t> widths{data.width};
  for (std::int64_t layer = 0; layer < parameters.integer("layers"); ++layer)
    widths.push_back(static_cast<std::size_t>(parameters.integer("units")));
  widths.push_back(data.classes);
  return widths;
}

/// Trains by epochs, reports the share of validation examples that are classified wrongly.
double train_network(tune::TrialContext& trial, const nn::Dataset& data, std::uint64_t seed,
                     const Team& team) {
  const tune::Parameters& parameters = trial.parameters();
  std::vector<std::uint32_t> training, validation;
  for (std::uint32_t row = 0; row < data.size(); ++row)
    (rk::Philox(seed, rk::hash_mix(1, row)).below(4) == 0 ? validation : training).push_back(row);
  nn::Mlp network(widths_of(parameters, data), rk::hash_mix(seed, trial.trial()));
  TrainingState state;
  state.optimiser.kind =
      parameters.text("optimiser") == "sgd" ? nn::Optimiser::Kind::sgd : nn::Optimiser::Kind::adam;
  if (const auto saved = trial.load<TrainingState>()) {
    state.optimiser = saved->optimiser;
    std::copy(saved->parameters.begin(), saved->parameters.end(), network.parameters().begin());
  }
  state.optimiser.rate = parameters.number("lr");  // pbt may have changed it
  if (parameters.has("momentum")) state.optimiser.momentum = parameters.number("momentum");
  const Examples held_out = gather(data, validation);
  double error = 1;
  for (tune::Step epoch = trial.from() + 1; epoch <= trial.until(); ++epoch) {
    train_epoch(network, state.optimiser, data, training, parameters,
                rk::Philox(seed, rk::hash_mix(2, static_cast<std::uint64_t>(epoch))), team);
    const nn::Mlp::Score score = network.score(held_out.features, held_out.labels);
    error = std::isfinite(score.loss) ? score.error : 1;
    if (trial.report(epoch, error) != tune::Decision::go_on) break;
  }
  state.parameters.assign(network.parameters().begin(), network.parameters().end());
  trial.save(state);
  return error;
}

double train_alone(tune::TrialContext& trial, const nn::Dataset& data, std::uint64_t seed) {
  return train_network(trial, data, seed, {});
}

double train_together(rk::Gang& gang, tune::TrialContext& trial, const nn::Dataset& data,
                      std::uint64_t seed) {
  Team team{gang.rank(), gang.size(), [&gang](std::vector<float>& gradient) {
              std::vector<float> total(gradient.size());
              MPI_Allreduce(gradient.data(), total.data(), static_cast<int>(gradient.size()), MPI_FLOAT,
                            MPI_SUM, gang.comm());
              gradient.swap(total);
            }};
  return train_network(trial, data, seed, team);
}

/// Networks that do not keep their shape cannot take over each other's weights: pbt searches the rest.
tune::Space network_space(bool fixed_shape) {
  tune::Space space;
  space.add(tune::log_uniform("lr", 1e-4, 1));
  space.add(tune::levels("batch", {16, 32, 64, 128}, true));
  space.add(fixed_shape ? tune::levels("layers", {1}) : tune::integer("layers", 1, 2));
  space.add(fixed_shape ? tune::levels("units", {32}) : tune::log_integer("units", 8, 128));
  space.add(fixed_shape ? tune::categorical("optimiser", {"sgd"})
                        : tune::categorical("optimiser", {"sgd", "adam"}));
  space.add(tune::uniform("momentum", 0, 0.99).when("optimiser", {"sgd"}));
  space.add(tune::log_uniform("weight_decay", 1e-6, 1e-2));
  return space;
}

nn::Dataset read_data(const Settings& settings) {
  if (settings.data.empty()) return nn::generate_dataset(settings.examples, 20, 6, settings.seed);
  nn::Dataset data = nn::read_dataset(settings.data);
  if (data.size() <= settings.examples) return data;
  data.features = rk::Array<std::uint8_t>(data.features.span().first(settings.examples * data.width));
  data.labels = rk::Array<std::uint8_t>(data.labels.span().first(settings.examples));
  return data;
}

// ---- Any program

struct Command {
  std::vector<std::string> words;
  std::string folder;  ///< a folder a trial is made in it
  double timeout_s = 0;
  std::uint64_t seed = 0;
  std::vector<std::string> names;  ///< of all hyperparameters

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& words& folder& timeout_s& seed& names;
  }
};

double run_command(tune::TrialContext& trial, const Command& command) {
  const std::string folder = fmt::format("{}/trial-{:05}", command.folder, trial.trial());
  const bool in_parts = trial.until() != tune::kLastStep;
  std::map<std::string, std::string> values{{"trial", fmt::format("{}", trial.trial())},
                                            {"from", fmt::format("{}", trial.from())},
                                            {"steps", in_parts ? fmt::format("{}", trial.until()) : ""},
                                            {"seed", fmt::format("{}", command.seed)},
                                            {"dir", folder}};
  for (const std::string& name : command.names) values[name];  // inactive ones are empty
  for (const auto& [name, value] : trial.parameters().all()) values[name] = tune::text_of(value);
  const auto timeout = std::chrono::duration<double>(command.timeout_s);
  const double metric = run_process(fill_in(command.words, values),
                                    {folder, std::chrono::duration_cast<std::chrono::nanoseconds>(timeout)});
  if (in_parts) trial.report(trial.until(), metric);
  trial.save(folder);  // its checkpoint, if it keeps one, is there
  return metric;
}

Command command_of(const Settings& settings, const tune::Space& space) {
  Command command;
  command.words = split_words(settings.command);
  if (command.words.empty()) throw rk::InputError("--command is empty");
  command.folder = std::filesystem::absolute(settings.run.out) / "trials";
  command.timeout_s = settings.trial_timeout;
  command.seed = settings.seed;
  std::set<std::string> known{"trial", "from", "steps", "seed", "dir"};
  for (const tune::Dimension& dimension : space.dimensions()) {
    command.names.push_back(dimension.name);
    known.insert(dimension.name);
  }
  for (const std::string& name : placeholders(command.words)) {
    if (known.count(name) == 0)
      throw rk::InputError(
          fmt::format("--command: nothing is called {{{}}}; there are: {}", name, fmt::join(known, ", ")));
  }
  return command;
}

// ---- The study

tune::Study make_study(const Settings& settings, tune::Space space, tune::Step steps_max,
                       std::uint64_t trials) {
  tune::StudyOptions options;
  if (settings.maximise) options.directions = {tune::Direction::maximise};
  options.seed = settings.seed;
  options.mode = settings.mode == "ordered" ? tune::Mode::ordered : tune::Mode::async;
  options.window = settings.window;
  options.trials_max = trials;
  if (settings.cost_max > 0) options.cost_max = settings.cost_max;
  if (settings.seconds_max > 0) options.seconds_max = settings.seconds_max;
  tune::SchedulerOptions rungs = settings.rungs;
  rungs.steps_max = steps_max;
  rungs.resumable = !settings.not_resumable;
  rungs.interval = settings.interval;
  if (settings.scheduler == "pbt" && rungs.interval == 0)
    rungs.interval = std::max<tune::Step>(1, steps_max / 10);
  return {std::move(space), options, tune::make_sampler(settings.sampler),
          tune::make_scheduler(settings.scheduler, rungs)};
}

/// A study at its end, and how it came there.
struct Outcome {
  tune::ResultsFrame frame;
  tune::TrialsOutcome trials;
  std::optional<tune::Simulation> simulation;
};

tune::TrialsOptions trials_options(const Settings& settings, const tune::Study& study) {
  tune::TrialsOptions options;
  options.task = {.cpus = settings.cpus, .name = "trial", .key = kStudy};
  options.steps_max = settings.steps > 0 ? settings.steps : tune::kLastStep;
  options.slots = settings.slots;
  options.retries = settings.retries;
  options.trials_in_all = study.options().trials_max;
  options.live = study.options().mode == tune::Mode::async &&
                 (settings.not_resumable || (settings.scheduler == "median" && settings.interval == 0));
  return options;
}

Outcome sweep_table(tune::Study& study, tune::Table& table, const Settings& settings) {
  Outcome outcome;
  tune::SimulationOptions options;
  options.workers = settings.workers;
  outcome.simulation = tune::simulate(study, table, options);
  outcome.frame.objective = table.objective();
  outcome.frame.cost = settings.columns.cost == "none" || settings.columns.cost.empty()
                           ? "whole trainings or the table's"
                           : settings.columns.cost;
  outcome.frame.facts.push_back({"virtual workers", fmt::format("{}", settings.workers)});
  outcome.frame.facts.push_back({"virtual time", fmt::format("{:.6g}", outcome.simulation->seconds)});
  return outcome;
}

/// The best trial's network: `widths`, and `parameters` in the layout of nn::Mlp.
void write_best(const tune::Study& study, const Outcome& outcome, const nn::Dataset& data,
                const std::filesystem::path& path) {
  const auto state = outcome.trials.load_best<TrainingState>();
  if (!state) return;
  const tune::History& history = study.history();
  const auto parameters = history.space().parameters(history.trial(history.best()).configuration);
  std::vector<std::int64_t> widths;
  for (const std::size_t width : widths_of(parameters, data))
    widths.push_back(static_cast<std::int64_t>(width));
  const std::vector<double> weights(state->parameters.begin(), state->parameters.end());
  rankine::files::Hdf5Writer file(path);
  file.write("widths", std::span<const std::int64_t>(widths));
  file.write("parameters", std::span<const double>(weights));
  file.attribute("parameters", "description",
                 "layer by layer: weights [outputs][inputs] column by column, then biases");
  file.attribute("/", "feature_scale", std::span<const double>(&data.scale, 1));
  file.close();
}

/// The journal knows trials by their numbers alone.
void refuse_other_examples(const nn::Dataset& examples, const Settings& settings) {
  const std::uint64_t hash = rk::hash_blocks(std::as_bytes(examples.labels.span()),
                                             rk::hash_blocks(std::as_bytes(examples.features.span())));
  if (rk::settled("examples", hash) != hash) {
    throw rk::InputError(
        fmt::format("{} has changed since this run began, whose trials learned from other examples. Remedy: "
                    "--fresh, another --out, or the data as they were",
                    settings.data));
  }
}

Outcome sweep_network(tune::Study& study, const Settings& settings) {
  Outcome outcome;
  tune::TrialsOptions options = trials_options(settings, study);
  if (settings.trial_timeout > 0) {
    options.task.timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(settings.trial_timeout));
  }
  options.ranks_of = [&settings](const tune::Parameters& parameters) {
    const bool wide = static_cast<std::uint64_t>(parameters.integer("units")) > settings.gang_above;
    return wide ? settings.ranks_per_trial : 1;
  };
  const nn::Dataset examples = read_data(settings);
  refuse_other_examples(examples, settings);
  const auto data = rk::put(examples);
  if (settings.ranks_per_trial > 1) {
    outcome.trials = tune::run_mixed_trials<train_alone, train_together>(study, options, data, settings.seed);
  } else {
    outcome.trials = tune::run_trials<train_alone>(study, options, data, settings.seed);
  }
  write_best(study, outcome, examples, std::filesystem::path(settings.run.out) / "best.h5");
  outcome.frame.objective = "validation error";
  outcome.frame.step = "epoch";
  outcome.frame.cost = "epochs";
  return outcome;
}

Outcome sweep_command(tune::Study& study, const Settings& settings) {
  Outcome outcome;
  const Command command = command_of(settings, study.history().space());
  std::filesystem::create_directories(command.folder);
  outcome.trials = tune::run_trials<run_command>(study, trials_options(settings, study), command);
  outcome.frame.objective = "metric";
  return outcome;
}

// ---- The report

std::string number_text(const std::vector<double>& values) {
  return values.empty() ? "-" : fmt::format("{:.6g}", values[0]);
}

/// The best trials, as a table for people.
void print_best(const tune::History& history) {
  constexpr std::size_t lines_max = 5;
  const std::vector<tune::TrialId> best = history.ranking();
  std::cout << fmt::format("\n{:>7} {:>9} {:>12} {:>10}  {}\n", "trial", "state", "value", "cost",
                           "hyperparameters");
  for (std::size_t k = 0; k < std::min(lines_max, best.size()); ++k) {
    const tune::Trial& trial = history.trial(best[k]);
    std::cout << fmt::format("{:>7} {:>9} {:>12} {:>10.6g}  {}\n", trial.id, tune::name_of(trial.state),
                             number_text(trial.values), trial.cost,
                             history.space().describe(trial.configuration));
  }
  if (!best.empty() && history.best() == tune::kNoTrial)
    std::cout << "No trial came to its end: more trials (--trials) let the scheduler take some further.\n";
  std::cout << '\n';
}

void report_failures(const tune::History& history) {
  constexpr int lines_max = 10;
  int failures = 0;
  for (const tune::Trial& trial : history.trials()) {
    if (trial.state != tune::TrialState::failed || ++failures > lines_max) continue;
    std::cerr << fmt::format("failed: trial {} ({}): {}\n", trial.id,
                             history.space().describe(trial.configuration), trial.words);
  }
  if (failures > lines_max)
    std::cerr << fmt::format("... and {} more: see results.csv\n", failures - lines_max);
}

/// Of everything that counts in a history: equal histories have equal ones.
std::string history_hash(const tune::History& history) {
  std::uint64_t hash = 0;
  const auto add = [&hash](const std::vector<double>& values) {
    hash = rk::hash_bytes(std::as_bytes(std::span(values)), hash);
  };
  for (const tune::Trial& trial : history.trials()) {
    hash = rk::hash_mix(hash, trial.configuration.hash());
    hash = rk::hash_mix(hash, static_cast<std::uint64_t>(trial.state));
    add(trial.values);
    for (const tune::Report& report : trial.reports) {
      hash = rk::hash_mix(hash, static_cast<std::uint64_t>(report.step));
      add(report.values);
    }
    for (const tune::Exchange& exchange : trial.exchanges) hash = rk::hash_mix(hash, exchange.source);
  }
  return fmt::format("{:016x}", hash);
}

nlohmann::ordered_json json_of(const Settings& settings, const tune::Study& study, const Outcome& outcome) {
  const tune::History& history = study.history();
  std::map<std::string, std::uint64_t> states;
  std::uint64_t exchanges = 0;
  for (const tune::Trial& trial : history.trials()) {
    ++states[tune::name_of(trial.state)];
    exchanges += trial.exchanges.size();
  }
  nlohmann::ordered_json json;
  json["app"] = "sweep";
  json["objective"] = outcome.frame.objective;
  json["best"] = nullptr;
  if (const std::vector<tune::TrialId> ranking = history.ranking(); !ranking.empty()) {
    const tune::Trial& best = history.trial(ranking.front());
    json["best"] = best.values[0];
    json["best_trial"] = best.id;
    json["best_state"] = tune::name_of(best.state);
    const tune::Parameters parameters = history.space().parameters(best.configuration);
    for (const auto& [name, value] : parameters.all())
      std::visit([&, key = name](const auto& held) { json["best_configuration"][key] = held; }, value);
    if (best.configuration.row >= 0) json["best_row"] = best.configuration.row;
  }
  json["trials"] = history.trials().size();
  for (const char* state : {"finished", "stopped", "paused", "failed"}) json[state] = states[state];
  json["exchanges"] = exchanges;
  json["cost"] = study.cost();
  json["pieces"] = outcome.trials.pieces;
  json["pieces_replayed"] = outcome.trials.replayed;
  if (outcome.simulation) json["virtual_time"] = outcome.simulation->seconds;
  json["sampler"] = settings.sampler;
  json["scheduler"] = settings.scheduler;
  json["mode"] = settings.mode;
  json["history_hash"] = history_hash(history);
  return json;
}

void describe(tune::ResultsFrame& frame, const Settings& settings, const tune::Study& study) {
  const std::string what = !settings.table.empty()     ? settings.table
                           : !settings.command.empty() ? settings.command
                           : settings.data.empty()     ? "a perceptron on generated examples"
                                                       : "a perceptron on " + settings.data;
  frame.title = "Sweep of " + what;
  frame.facts.push_back({"trials", fmt::format("{}", study.history().trials().size())});
  frame.facts.push_back({"sampler, scheduler", settings.sampler + ", " + settings.scheduler});
  frame.facts.push_back({"cost", fmt::format("{:.6g} {}", study.cost(), frame.cost)});
}

// ---- The run

int finish(const Settings& settings, const tune::Study& study, Outcome outcome, int ranks, rk::Time start) {
  describe(outcome.frame, settings, study);
  tune::write_results(study, settings.run.out, outcome.frame);
  report_failures(study.history());
  print_best(study.history());
  nlohmann::ordered_json json = json_of(settings, study, outcome);
  json["ranks"] = ranks;
  json["seed"] = settings.seed;
  json["seconds"] = rk::seconds_since(start);
  json["results"] = std::filesystem::path(settings.run.out) / "results.csv";
  std::cout << json.dump() << std::endl;
  return json["failed"].get<std::uint64_t>() > 0 ? kSomeFailed : 0;
}

int work_through(const Settings& settings, int ranks) {
  const rk::Time start = rk::now();
  std::filesystem::create_directories(settings.run.out);
  const std::uint64_t trials = settings.trials > 0 ? settings.trials : 64;
  if (!settings.table.empty()) {
    tune::Table table = tune::Table::read(settings.table, settings.columns);
    const std::uint64_t rows =
        std::min<std::uint64_t>(table.size(), settings.trials > 0 ? settings.trials : 100);
    tune::Study study = make_study(settings, table.space(), table.steps_max(), rows);
    Outcome outcome = sweep_table(study, table, settings);
    return finish(settings, study, std::move(outcome), ranks, start);
  }
  const bool command = !settings.command.empty();
  tune::Space space =
      settings.space.empty() ? network_space(settings.scheduler == "pbt") : tune::read_space(settings.space);
  if (!command) {
    for (const char* name : {"lr", "batch", "layers", "units", "optimiser", "weight_decay"})
      space.index_of(name);
  }
  tune::Study study =
      make_study(settings, std::move(space), settings.steps > 0 ? settings.steps : tune::kLastStep, trials);
  Outcome outcome = command ? sweep_command(study, settings) : sweep_network(study, settings);
  return finish(settings, study, std::move(outcome), ranks, start);
}

}  // namespace sweep

int main(int argc, char** argv) {
  sweep::Settings settings;
  CLI::App app(
      "Searches hyperparameters: of a training job of its own, of any program, or in a table of results.",
      "rankine-sweep");
  sweep::add_options(app, settings);
  return apps::run_program(argc, argv, app, settings.run,
                           {.parsed = [&] { sweep::fill_defaults(settings); },
                            .depends_on = [&] { return sweep::results_depend_on(settings); },
                            .drive = [&](int ranks) { return sweep::work_through(settings, ranks); }});
}
