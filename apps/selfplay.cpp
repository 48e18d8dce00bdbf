// SPDX-License-Identifier: Apache-2.0
// rankine-selfplay: a policy learns Connect Four by PPO against a league of bots and of its own earlier
// checkpoints; then all of them play each other, on all ranks, and are rated. Leaves the league in league.h5.
// A run that was cut goes on from its journal, with the same bits.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <rankine/core/clock.hpp>
#include <rankine/rankine.hpp>
#include <rankine/rl/league.hpp>
#include <rankine/rl/ppo.hpp>
#include <rankine/serialize/boost.hpp>

#include "files/hdf5_writer.hpp"
#include "run_options.hpp"

namespace rk = rankine;
namespace rl = rankine::rl;

namespace selfplay {

// ---- Options

struct Settings {
  rl::PpoConfig config;
  int checkpoints = 8;
  int games = 100;
  double checkpoint_seconds = 30;
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

/// A player that can travel: a bot by its name, or a policy's parameters.
struct Side {
  std::string name;
  bool greedy = false;
  std::vector<float> parameters;
  std::vector<int> hidden;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& name& greedy& parameters& hidden;
  }
};

std::unique_ptr<rl::Player> player_of(const Side& side) {
  if (side.parameters.empty()) {
    if (side.name == "random") return rl::random_player();
    if (side.name == "heuristic") return rl::heuristic_player();
    return rl::minimax_player(side.name.back() - '0');
  }
  rl::PpoConfig config;
  config.hidden = side.hidden;
  rl::Spaces spaces;
  spaces.observations = rl::ConnectFour::kObservations;
  spaces.actions = rl::ConnectFour::kColumns;
  spaces.masked = true;
  rl::Policy policy(spaces, config);
  policy.set_parameters(side.parameters);
  return rl::policy_player(side.name, std::move(policy), side.greedy);
}

constexpr std::uint64_t kMatches = 1;  // by this key and their arguments a resumed run knows them again

/// Wins, draws and losses of the first.
std::vector<int> match(const Side& first, const Side& second, int games, std::uint64_t seed) {
  const rl::Score score = rl::play(*player_of(first), *player_of(second), games, seed);
  return {score.wins, score.draws, score.losses};
}

rl::Score score_of(const std::vector<int>& counts) {
  return {counts[0], counts[1], counts[2]};
}

// ---- Learning

/// How often the learner meets whom: bots that it must beat, and what it was.
std::vector<std::pair<std::string, double>> bots() {
  return {{"random", 0.03}, {"heuristic", 0.12}, {"minimax-1", 0.1}, {"minimax-2", 0.15}, {"minimax-3", 0.3}};
}
constexpr double kCheckpointsShare = 0.3;
/// After this part of the updates the early checkpoint is stored, which the last one is held against.
constexpr std::int64_t kEarly = 32;

Side side_of(const std::string& name, const rl::Policy& policy, const Settings& settings) {
  const auto parameters = policy.parameters();
  return {name, false, {parameters.begin(), parameters.end()}, settings.config.hidden};
}

/// What was learnt so far, as the journal keeps it: updates done, all of the learner, the league's members in
/// the order of the ratings (bots, then checkpoints).
struct Progress {
  std::int64_t updates = 0;
  std::string learner;
  std::vector<Side> members;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& updates& learner& members;
  }
};

class Learning {
 public:
  /// Goes on from where the journal says that an earlier run was.
  explicit Learning(const Settings& settings)
      : settings_(settings), ppo_(settings.config, rl::connect_four(league_)) {
    if (auto before = rk::load_state<Progress>("learning")) progress_ = std::move(*before);
    const std::vector<Side> members = std::exchange(progress_.members, {});
    for (const auto& [name, weight] : bots()) add({name, false, {}, {}}, weight);
    for (std::size_t i = bots().size(); i < members.size(); ++i) add(members[i], 0);
    if (progress_.updates > 0) ppo_.load(std::as_bytes(std::span<const char>(progress_.learner)));
    weigh();
  }

  /// Trains to the end. Throws Drained, with all that was learnt in the journal, where the run is to stop.
  void finish() {
    const std::int64_t updates = settings_.config.updates();
    if (progress_.updates == 0) join(0);
    const rk::Time start = rk::now();
    rk::Time kept = start;
    const std::int64_t before = progress_.updates * settings_.config.steps_per_update();
    while (progress_.updates < updates) {
      const rl::UpdateReport report = ppo_.update();
      const std::int64_t update = ++progress_.updates;
      if (update % std::max<std::int64_t>(1, updates / 40) == 0) {
        std::cerr << fmt::format(
            "{:>10} steps  {:>8.0f} steps/s  return {:>6.3f}  entropy {:>6.3f}  KL {:.4f}\n", report.steps,
            static_cast<double>(report.steps - before) / rk::seconds_since(start), report.mean_return,
            report.entropy, report.kl);
      }
      const std::int64_t early = std::max<std::int64_t>(1, updates / kEarly);
      if (update == early ||
          update * settings_.checkpoints / updates > (update - 1) * settings_.checkpoints / updates)
        join(report.steps);
      const bool stopping = rk::draining() && update < updates;
      if (stopping || update == updates || rk::seconds_since(kept) >= settings_.checkpoint_seconds) {
        keep();
        kept = rk::now();
      }
      if (stopping) throw rk::Drained(fmt::format("self-play stopped after {} steps", report.steps));
    }
  }

  const std::vector<Side>& members() const { return progress_.members; }
  std::int64_t steps() const { return progress_.updates * settings_.config.steps_per_update(); }

 private:
  void add(Side side, double weight) {
    league_->add(player_of(side), weight);
    progress_.members.push_back(std::move(side));
  }
  /// Checkpoints are met equally often.
  void weigh() {
    const std::size_t first = bots().size(), all = progress_.members.size();
    for (std::size_t i = first; i < all; ++i)
      league_->set_weight(i, kCheckpointsShare / static_cast<double>(all - first));
  }
  void join(std::int64_t steps) {
    add(side_of(fmt::format("{}k steps", steps / 1000), ppo_.policy(), settings_), 0);
    weigh();
  }
  void keep() {
    const std::vector<std::byte> bytes = ppo_.save();
    progress_.learner.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    rk::save_state("learning", progress_);
  }

  const Settings& settings_;
  std::shared_ptr<rl::League> league_ = std::make_shared<rl::League>();
  rl::Ppo ppo_;
  Progress progress_;
};

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
