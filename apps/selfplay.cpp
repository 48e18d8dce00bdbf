// SPDX-License-Identifier: Apache-2.0
// rankine-selfplay: a policy learns Connect Four by PPO against a league of bots and of its own earlier
// checkpoints; then all of them play each other, on all ranks, and are rated. Leaves the league in league.h5.
// A run that was cut goes on from its journal, with the same bits.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <rankine/core/clock.hpp>
#include <rankine/rankine.hpp>
#include <rankine/rl/league.hpp>
#include <rankine/serialize/boost.hpp>

#include "files/hdf5_writer.hpp"
#include "run_options.hpp"
#include "selfplay_learning.hpp"

namespace rk = rankine;
namespace rl = rankine::rl;

namespace selfplay {

// ---- Options

struct Settings : LearningSettings {
  int games = 100;
  apps::RunOptions run;

  Settings() {
    config.steps_total = 1'000'000;
    config.environments = 128;
    config.steps = 32;
    config.minibatch = 1024;
    config.epochs = 4;
    config.learning_rate = 1e-3;
    config.hidden = {128, 128};
    config.clip_values = false;
    config.entropy = 0.01;
  }
};

void add_options(CLI::App& app, Settings& settings) {
  app.set_config("--config", "", "a TOML file with these options by their long names");
  app.add_option("--steps", settings.config.steps_total, "moves of the learner in all");
  app.add_option("--seed", settings.config.seed, "of everything");
  app.add_option("--checkpoints", settings.checkpoints,
                 "that join the league on the way, evenly spaced, besides an early one")
      ->check(CLI::Range(1, 100));
  app.add_option("--games", settings.games,
                 "of each pair of members for the ratings, and of each final match")
      ->check(CLI::Range(2, 100'000));
  app.add_option("--checkpoint-seconds", settings.checkpoint_seconds,
                 "between two states of the learning in the journal, to go on from")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--environments", settings.config.environments, "games at a time");
  app.add_option("--rollout", settings.config.steps, "moves of each game an update");
  app.add_option("--minibatch", settings.config.minibatch, "rows");
  app.add_option("--epochs", settings.config.epochs, "passes over an update's rows");
  app.add_option("--rate", settings.config.learning_rate, "of Adam, down to zero");
  app.add_option("--entropy", settings.config.entropy, "coefficient");
  app.add_option("--hidden", settings.config.hidden, "units of the hidden layers")->delimiter(',');
  apps::add_run_options(app, settings.run, "league.h5");
  app.footer(
      "Exit code: 0 done or stopped before the wall time, to be run again; 1 wrong input or a failed system "
      "call, 2 the run could not begin.");
}

// ---- Matches, which are tasks

constexpr std::uint64_t kMatches = 1;  // by this key and their arguments a resumed run knows them again

/// Wins, draws and losses of the first.
std::vector<int> match(const Side& first, const Side& second, int games, std::uint64_t seed) {
  const rl::Score score = rl::play(*player_of(first), *player_of(second), games, seed);
  return {score.wins, score.draws, score.losses};
}

rl::Score score_of(const std::vector<int>& counts) {
  return {counts[0], counts[1], counts[2]};
}

// ---- The run

void write_league(const std::filesystem::path& path, const std::vector<Side>& members,
                  const std::vector<double>& ratings) {
  rk::files::Hdf5Writer file(path);
  std::vector<std::string> names;
  for (const Side& member : members) names.push_back(member.name);
  file.write("members", std::span<const std::string>(names));
  file.write("ratings", std::span<const double>(ratings));
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].parameters.empty()) continue;
    const std::vector<double> numbers(members[i].parameters.begin(), members[i].parameters.end());
    file.write(fmt::format("parameters_{}", i), std::span<const double>(numbers));
  }
  file.attribute("ratings", "unit", "Elo points above the random player");
  file.close();
}

int work_through(const Settings& settings, int ranks) {
  const std::filesystem::path out = settings.run.out;
  std::filesystem::create_directories(out);
  const rk::Time start = rk::now();
  Learning learning(settings);
  const std::int64_t steps_resumed = learning.steps();
  learning.finish();
  const std::vector<Side>& members = learning.members();
  const double learning_seconds = rk::seconds_since(start);
  const int count = static_cast<int>(members.size());

  std::vector<rl::Pairing> pairings;
  std::vector<rk::Future<std::vector<int>>> scores;
  for (int i = 0; i < count; ++i) {
    for (int k = i + 1; k < count; ++k) {
      pairings.push_back({i, k, {}});
      const auto seed = static_cast<std::uint64_t>(i * 1000 + k) + settings.config.seed * 1'000'000;
      scores.push_back(rk::submit<match>({.key = kMatches}, members[i], members[k], settings.games, seed));
    }
  }
  Side last = members.back();
  last.greedy = true;
  const std::size_t early = bots().size() + 1;  // behind the one that has learnt nothing
  auto against_minimax =
      rk::submit<match>({.key = kMatches}, last, members[bots().size() - 1], settings.games, 77);
  auto against_early = rk::submit<match>({.key = kMatches}, last, members[early], settings.games, 78);
  for (std::size_t i = 0; i < pairings.size(); ++i) pairings[i].score = score_of(scores[i].get());
  const std::vector<double> ratings = rl::elo_ratings(count, pairings);

  std::cout << fmt::format("{:<14} {:>8}\n", "member", "rating");
  for (int i = 0; i < count; ++i) std::cout << fmt::format("{:<14} {:>8.0f}\n", members[i].name, ratings[i]);
  const rl::Score minimax = score_of(against_minimax.get()), stored = score_of(against_early.get());
  std::cout << fmt::format("the last one, greedy, against minimax-3: {} won, {} drawn, {} lost\n",
                           minimax.wins, minimax.draws, minimax.losses);
  std::cout << fmt::format("the last one, greedy, against {}: {} won, {} drawn, {} lost\n",
                           members[early].name, stored.wins, stored.draws, stored.losses);
  write_league(out / "league.h5", members, ratings);

  nlohmann::ordered_json json;
  json["app"] = "selfplay";
  json["seed"] = settings.config.seed;
  json["ranks"] = ranks;
  json["steps"] = settings.config.steps_total;
  json["steps_resumed"] = steps_resumed;
  json["learning_seconds"] = learning_seconds;
  json["seconds"] = rk::seconds_since(start);
  json["games"] = settings.games;
  json["minimax3_wins"] = minimax.wins;
  json["minimax3_losses"] = minimax.losses;
  json["early_wins"] = stored.wins;
  json["early_losses"] = stored.losses;
  for (int i = 0; i < count; ++i) json["ratings"][members[i].name] = ratings[i];
  std::cout << json.dump() << std::endl;
  return 0;
}

}  // namespace selfplay

int main(int argc, char** argv) {
  selfplay::Settings settings;
  CLI::App app("Learns Connect Four by self-play and rates the league.", "rankine-selfplay");
  selfplay::add_options(app, settings);
  return apps::run_program(argc, argv, app, settings.run,
                           {.parsed =
                                [&] {
                                  try {
                                    settings.config.check();
                                  } catch (const rk::InputError& error) {
                                    throw CLI::ValidationError(error.what(), CLI::ExitCodes::ValidationError);
                                  }
                                },
                            .depends_on =
                                [&] {
                                  return fmt::format("selfplay {} checkpoints {}", settings.config.text(),
                                                     settings.checkpoints);
                                },
                            .drive = [&](int ranks) { return selfplay::work_through(settings, ranks); }});
}
