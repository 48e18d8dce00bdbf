// SPDX-License-Identifier: Apache-2.0
// rankine-ppo: reinforcement learning by PPO on one core or many ranks. Options (flags or a TOML file), the
// training in one of three placements, a deterministic evaluation, and what is left in the folder: the
// checkpoint, the learning curve as a page, one episode as a picture.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/rankine.hpp>
#include <rankine/rl/gymnasium.hpp>
#include <rankine/rl/train.hpp>

#include "plot/chart.hpp"
#include "plot/page.hpp"
#include "run_options.hpp"

namespace rk = rankine;
namespace rl = rankine::rl;

namespace ppo {

// ---- Options

struct Settings {
  std::string environment = "CartPole-v1";
  std::string preset = "cleanrl";
  std::string placement = "decentralised";
  std::string python;
  std::string noise;
  rl::PpoConfig config;
  int evaluation_episodes = 100;
  double preempt = 0;
  double checkpoint_seconds = 30;
  bool plain = false;
  apps::RunOptions run;
};

template <class T>
std::string one_of(const std::vector<T>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The numbers of the algorithm; each replaces the preset's.
void add_numbers(CLI::App& app, Settings& settings) {
  rl::PpoConfig& config = settings.config;
  const char* const group = "The preset's numbers";
  const auto option = [&](const char* name, auto& value, const char* words) {
    return app.add_option(name, value, words)->group(group);
  };
  option("--environments", config.environments, "stepped together, in all shards");
  option("--rollout", config.steps, "steps of each environment an update");
  option("--minibatch", config.minibatch, "rows, of all shards together");
  option("--epochs", config.epochs, "passes over an update's rows");
  option("--gamma", config.gamma, "discount");
  option("--lambda", config.lambda, "of the advantage estimation");
  option("--rate", config.learning_rate, "of Adam");
  option("--clip", config.clip, "of the ratio of probabilities");
  option("--entropy", config.entropy, "coefficient");
  option("--value", config.value, "coefficient of half the squared error");
  option("--gradient-norm", config.gradient_norm, "at most");
  option("--target-kl", config.target_kl, "an update ends at 1.5 times this; 0: never");
  option("--hidden", config.hidden, "units of the hidden layers")->delimiter(',');
  option(
      "--bootstrap", config.bootstrap_truncated,
      "true: what lies behind the time limit counts by its value; false: it counts as an end, as in CleanRL "
      "(asynchronous: true unless said)");
  option("--noise", settings.noise,
         "of continuous actions: independent (drawn each step) or gsde (a function of the state)");
  option("--log-std", config.log_std, "of that noise, where learning begins: log standard deviation");
  option("--noise-every", config.noise_every, "gsde: steps between two draws; -1: once a rollout");
}

void add_options(CLI::App& app, Settings& settings) {
  app.set_config("--config", "", "a TOML file with these options by their long names");
  app.add_option("--env", settings.environment, "one of " + one_of(rl::environment_names()));
  app.add_option("--python", settings.python,
                 "an interpreter that makes environments which are not among those: --env is then a name of "
                 "Gymnasium's, or FILE.py:NAME");
  app.add_option("--preset", settings.preset, "the algorithm's numbers: " + one_of(rl::preset_names()));
  app.add_option("--placement", settings.placement,
                 "central, decentralised (DD-PPO) or asynchronous (APPO with V-trace)");
  app.add_option("--steps", settings.config.steps_total, "of all environments together");
  app.add_option("--seed", settings.config.seed, "of everything");
  app.add_option("--shards", settings.config.shards,
                 "logical ones, a power of two: results depend on this number, not on ranks (default: up to "
                 "4, as the preset allows)");
  app.add_option("--evaluate", settings.evaluation_episodes,
                 "episodes of the trained policy without noise; 0: none")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--preempt", settings.preempt,
                 "decentralised: the share of ranks that, when ready, ends the others' rollouts; 0: never, "
                 "and results are reproducible")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--checkpoint-seconds", settings.checkpoint_seconds, "between two checkpoints")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--no-report", settings.plain, "no report.html, no episode.svg, no checkpoints: for timing");
  add_numbers(app, settings);
  apps::add_run_options(app, settings.run, "checkpoint.h5, report.html, episode.svg");
  app.footer(
      "Exit code: 0 done or stopped before the wall time, to be run again; 1 wrong input or a failed system "
      "call, 2 the run could not begin.");
}

/// The environment by its name, on every rank; else one in Python, where that is wished.
void make_known(const Settings& settings) {
  const std::vector<std::string> known = rl::environment_names();
  if (std::ranges::find(known, settings.environment) != known.end()) return;
  if (settings.python.empty())
    throw rk::InputError(fmt::format(
        "--env: environment \"{}\" is not known; known are {}. --python python3 makes any of Gymnasium's",
        settings.environment, one_of(known)));
  rl::add_environment(settings.environment,
                      rl::gymnasium({.environment = settings.environment, .python = settings.python}));
}

/// The preset first, then what was said on the command line or in the file over it.
void merge_preset(const CLI::App& app, Settings& settings) {
  const auto wrong = [](const std::exception& error) {
    return CLI::ValidationError(error.what(), CLI::ExitCodes::ValidationError);
  };
  try {
    make_known(settings);
    const rl::PpoPlacement placement = rl::placement_named(settings.placement);
    const rl::PpoConfig said = settings.config;
    rl::PpoConfig config = rl::preset(settings.preset, settings.environment);
    const auto take = [&](const char* name, auto member) {
      if (app.get_option(name)->count() > 0) config.*member = said.*member;
    };
    take("--steps", &rl::PpoConfig::steps_total);
    take("--seed", &rl::PpoConfig::seed);
    take("--environments", &rl::PpoConfig::environments);
    take("--rollout", &rl::PpoConfig::steps);
    take("--minibatch", &rl::PpoConfig::minibatch);
    take("--epochs", &rl::PpoConfig::epochs);
    take("--gamma", &rl::PpoConfig::gamma);
    take("--lambda", &rl::PpoConfig::lambda);
    take("--rate", &rl::PpoConfig::learning_rate);
    take("--clip", &rl::PpoConfig::clip);
    take("--entropy", &rl::PpoConfig::entropy);
    take("--value", &rl::PpoConfig::value);
    take("--gradient-norm", &rl::PpoConfig::gradient_norm);
    take("--target-kl", &rl::PpoConfig::target_kl);
    take("--hidden", &rl::PpoConfig::hidden);
    // V-trace is not CleanRL's to begin with, and an end that observations do not tell of is noise to it.
    if (placement == rl::PpoPlacement::kAsynchronous) config.bootstrap_truncated = true;
    take("--bootstrap", &rl::PpoConfig::bootstrap_truncated);
    if (app.get_option("--noise")->count() > 0) config.noise = rl::noise_named(settings.noise);
    take("--log-std", &rl::PpoConfig::log_std);
    take("--noise-every", &rl::PpoConfig::noise_every);
    config.shards = 1;
    while (config.shards < 4 && config.environments % (2 * config.shards) == 0 &&
           config.minibatch % (2 * config.shards) == 0)
      config.shards *= 2;
    take("--shards", &rl::PpoConfig::shards);
    config.check();
    settings.config = config;
  } catch (const rk::InputError& error) {
    throw wrong(error);
  }
}

// ---- What is left in the folder

void show_progress(const rl::UpdateReport& report, double seconds, std::int64_t before) {
  std::cerr << fmt::format("{:>10} steps  {:>8.0f} steps/s  return {:>8.1f}  entropy {:>6.3f}  KL {:.4f}\n",
                           report.steps, static_cast<double>(report.steps - before) / seconds,
                           report.mean_return, report.entropy, report.kl);
}

/// One number of every update over the steps.
rk::plot::Chart curve(const std::vector<rl::UpdateReport>& reports, const std::string& title,
                      double rl::UpdateReport::*number) {
  rk::plot::Chart chart{title, "environment steps", title};
  rk::plot::Curve line;
  for (const rl::UpdateReport& report : reports) {
    line.x.push_back(static_cast<double>(report.steps));
    line.y.push_back(report.*number);
  }
  chart.curves.push_back(std::move(line));
  return chart;
}

/// One episode of the policy: each number of the observation, and the rewards so far, over the steps.
rk::plot::Chart play(const rl::Policy& policy, const Settings& settings) {
  const auto environment = rl::make_environment(
      settings.environment, {.count = 1, .first_index = 1'000'000, .seed = settings.config.seed});
  const rl::Spaces& spaces = environment->spaces();
  const auto width = static_cast<std::size_t>(spaces.observations);
  std::vector<float> observation(width);
  std::vector<float> final_observation(width);
  std::vector<float> reward(1);
  std::vector<float> continuous(static_cast<std::size_t>(spaces.action_size()));
  std::vector<std::uint8_t> terminated(1);
  std::vector<std::uint8_t> truncated(1);
  std::vector<std::uint8_t> mask(spaces.masked ? static_cast<std::size_t>(spaces.actions) : 0);
  std::vector<std::int32_t> action(spaces.discrete() ? 1 : 0);
  rk::plot::Chart chart{"One episode of the trained policy in " + settings.environment, "step", ""};
  chart.curves.resize(width + 1);
  for (std::size_t k = 0; k < width; ++k) chart.curves[k].name = fmt::format("observation {}", k);
  chart.curves[width].name = "reward";
  chart.curves[width].dashed = true;
  environment->reset(settings.config.seed, observation);
  for (int step = 0; step < 10'000 && terminated[0] == 0 && truncated[0] == 0; ++step) {
    if (spaces.masked) environment->legal(mask);
    spaces.discrete() ? policy.act(observation, mask, {}, action) : policy.act(observation, continuous);
    for (std::size_t k = 0; k < width; ++k) {
      chart.curves[k].x.push_back(step);
      chart.curves[k].y.push_back(observation[k]);
    }
    environment->step({action, continuous}, {observation, reward, terminated, truncated, final_observation});
    chart.curves[width].x.push_back(step);
    chart.curves[width].y.push_back(reward[0]);
  }
  return chart;
}

void write_report(const Settings& settings, const rl::Trained& trained, const rl::Evaluation& found) {
  const std::filesystem::path out = settings.run.out;
  const std::string episode = rk::plot::svg_of(play(trained.policy, settings));
  rk::plot::write_whole(out / "episode.svg", episode);
  rk::plot::Page page("PPO on " + settings.environment);
  page.text(fmt::format("{} steps by {} workers, placement {}, preset {}, seed {}.", trained.steps,
                        trained.workers, settings.placement, settings.preset, settings.config.seed));
  if (!found.returns.empty()) {
    page.table({"evaluation", "value"}, {{"episodes", fmt::format("{}", found.returns.size())},
                                         {"mean return", fmt::format("{:.2f}", found.mean)},
                                         {"median", fmt::format("{:.2f}", found.median)},
                                         {"deviation", fmt::format("{:.2f}", found.deviation)}});
  }
  page.heading("Learning curves");
  page.picture(rk::plot::svg_of(
      curve(trained.curve, "mean return of the last 100 episodes", &rl::UpdateReport::mean_return)));
  page.picture(rk::plot::svg_of(curve(trained.curve, "entropy of the policy", &rl::UpdateReport::entropy)));
  page.picture(rk::plot::svg_of(curve(trained.curve, "KL of an update", &rl::UpdateReport::kl)));
  page.picture(rk::plot::svg_of(curve(trained.curve, "value loss", &rl::UpdateReport::value_loss)));
  page.heading("An episode");
  page.picture(episode);
  page.heading("Settings");
  page.text(settings.config.text());
  page.write(out / "report.html");
}

// ---- The run

/// JSON has no NaN.
nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

int work_through(const Settings& settings, int ranks) {
  const std::filesystem::path out = settings.run.out;
  std::filesystem::create_directories(out);
  rl::TrainOptions options;
  options.config = settings.config;
  options.environment = settings.environment;
  options.placement = rl::placement_named(settings.placement);
  options.workers = std::max(1, ranks - 1);
  options.preempt = settings.preempt;
  options.checkpoint = settings.plain ? std::filesystem::path() : out / "checkpoint.h5";
  options.checkpoint_seconds = settings.checkpoint_seconds;
  if (settings.run.resume && !std::filesystem::exists(options.checkpoint))
    throw rk::InputError(fmt::format("--resume: there is no {}", options.checkpoint.string()));
  options.resume = settings.run.resume || (!settings.run.fresh && rl::unfinished(options.checkpoint));
  const rk::Time start = rk::now();
  std::int64_t before = -1;
  options.progress = [&](const rl::UpdateReport& report) {
    if (before < 0) before = 0;
    show_progress(report, rk::seconds_since(start), before);
  };
  const rl::Trained trained = rl::train(options);
  rl::Evaluation found;
  if (settings.evaluation_episodes > 0) {
    found = rl::evaluate(trained.policy, rl::named(settings.environment), settings.evaluation_episodes,
                         settings.config.seed + 1'000'000);
  }
  if (!settings.plain) write_report(settings, trained, found);

  const double last = trained.curve.empty() ? std::nan("") : trained.curve.back().mean_return;
  nlohmann::ordered_json json;
  json["app"] = "ppo";
  json["environment"] = settings.environment;
  json["preset"] = settings.preset;
  json["placement"] = settings.placement;
  json["seed"] = settings.config.seed;
  json["shards"] = settings.config.shards;
  json["ranks"] = ranks;
  json["workers"] = trained.workers;
  json["steps"] = trained.steps;
  json["steps_resumed"] = trained.steps_resumed;
  json["seconds"] = trained.seconds;
  json["steps_per_second"] =
      static_cast<double>(trained.steps - trained.steps_resumed) / std::max(trained.seconds, 1e-9);
  json["train_return"] = number(last);
  json["eval_episodes"] = found.returns.size();
  json["eval_return"] = found.returns.empty() ? number(std::nan("")) : number(found.mean);
  json["eval_median"] = found.returns.empty() ? number(std::nan("")) : number(found.median);
  json["eval_deviation"] = found.returns.empty() ? number(std::nan("")) : number(found.deviation);
  json["parameters_hash"] =
      fmt::format("{:016x}", rk::hash_bytes(std::as_bytes(trained.policy.parameters()), 0));
  std::cout << json.dump() << std::endl;
  return 0;
}

}  // namespace ppo

int main(int argc, char** argv) {
  ppo::Settings settings;
  CLI::App app("Learns to act in an environment by PPO.", "rankine-ppo");
  ppo::add_options(app, settings);
  return apps::run_program(argc, argv, app, settings.run,
                           {.parsed = [&] { ppo::merge_preset(app, settings); },
                            .depends_on = [&] { return settings.environment + " " + settings.config.text(); },
                            .drive = [&](int ranks) { return ppo::work_through(settings, ranks); }});
}
