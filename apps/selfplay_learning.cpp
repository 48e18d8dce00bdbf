// SPDX-License-Identifier: Apache-2.0
#include "selfplay_learning.hpp"

#include <algorithm>
#include <iostream>
#include <span>

#include <fmt/format.h>

#include <rankine/core/clock.hpp>
#include <rankine/rankine.hpp>
#include <rankine/serialize/boost.hpp>

namespace selfplay {

namespace rk = rankine;

namespace {

constexpr double kCheckpointsShare = 0.3;
/// After this part of the updates the early checkpoint is stored, which the last one is held against.
constexpr std::int64_t kEarly = 32;

Side side_of(const std::string& name, const rl::Policy& policy, const LearningSettings& settings) {
  const auto parameters = policy.parameters();
  return {name, false, {parameters.begin(), parameters.end()}, settings.config.hidden};
}

}  // namespace

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

std::vector<std::pair<std::string, double>> bots() {
  return {{"random", 0.03}, {"heuristic", 0.12}, {"minimax-1", 0.1}, {"minimax-2", 0.15}, {"minimax-3", 0.3}};
}

Learning::Learning(const LearningSettings& settings)
    : settings_(settings), ppo_(settings.config, rl::connect_four(league_)) {
  if (auto before = rk::load_state<Progress>("learning")) progress_ = std::move(*before);
  const std::vector<Side> members = std::exchange(progress_.members, {});
  for (const auto& [name, weight] : bots()) add({name, false, {}, {}}, weight);
  for (std::size_t i = bots().size(); i < members.size(); ++i) add(members[i], 0);
  if (progress_.updates > 0) ppo_.load(std::as_bytes(std::span<const char>(progress_.learner)));
  weigh();
}

void Learning::finish() {
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

void Learning::add(Side side, double weight) {
  league_->add(player_of(side), weight);
  progress_.members.push_back(std::move(side));
}

/// Checkpoints are met equally often.
void Learning::weigh() {
  const std::size_t first = bots().size(), all = progress_.members.size();
  for (std::size_t i = first; i < all; ++i)
    league_->set_weight(i, kCheckpointsShare / static_cast<double>(all - first));
}

void Learning::join(std::int64_t steps) {
  add(side_of(fmt::format("{}k steps", steps / 1000), ppo_.policy(), settings_), 0);
  weigh();
}

void Learning::keep() {
  const std::vector<std::byte> bytes = ppo_.save();
  progress_.learner.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  rk::save_state("learning", progress_);
}

}  // namespace selfplay
