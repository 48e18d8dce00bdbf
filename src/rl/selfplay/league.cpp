// SPDX-License-Identifier: Apache-2.0
// The league, Connect Four against its members as an environment of one learner, and ratings.
#include <rankine/rl/league.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <rankine/core/error.hpp>
#include <rankine/rl/bytes.hpp>
#include <rankine/rl/vectorise.hpp>

namespace rankine::rl {

void League::add(std::shared_ptr<const Player> player, double weight) {
  const std::lock_guard lock(mutex_);
  players_.push_back(std::move(player));
  weights_.push_back(weight);
}

void League::set_weight(std::size_t member, double weight) {
  const std::lock_guard lock(mutex_);
  weights_.at(member) = weight;
}

std::size_t League::size() const {
  const std::lock_guard lock(mutex_);
  return players_.size();
}

std::shared_ptr<const Player> League::member(std::size_t i) const {
  const std::lock_guard lock(mutex_);
  return players_.at(i);
}

std::size_t League::pick(double uniform) const {
  const std::lock_guard lock(mutex_);
  double sum = 0;
  for (const double weight : weights_) sum += weight;
  if (!(sum > 0)) throw InputError("a league needs a member with a weight above 0");
  double left = uniform * sum;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if ((left -= weights_[i]) < 0) return i;
  }
  return weights_.size() - 1;
}

namespace {

class ConnectFourGames final : public VectorEnvironment {
 public:
  ConnectFourGames(std::shared_ptr<const League> league, const VectorOptions& options)
      : league_(std::move(league)), options_(options), games_(static_cast<std::size_t>(options.count)) {
    detail::check_options(options);
    spaces_.observations = ConnectFour::kObservations;
    spaces_.actions = ConnectFour::kColumns;
    spaces_.masked = true;
  }

  const Spaces& spaces() const override { return spaces_; }
  int count() const override { return options_.count; }

  void reset(std::uint64_t seed, std::span<float> observations) override {
    detail::check_observations(spaces_, count(), observations);
    options_.seed = seed;
    std::vector<int> theirs;
    for (int i = 0; i < count(); ++i) begin(i, 0, theirs);
    answer(theirs, nullptr);
    for (int i = 0; i < count(); ++i) observe(i, observations);
  }

  void step(const Actions& actions, const StepResult& result) override {
    detail::check_step(spaces_, count(), actions, result);
    std::vector<int> theirs;
    for (int i = 0; i < count(); ++i) {
      Game& game = games_[i];
      result.rewards[i] = 0;
      result.terminated[i] = result.truncated[i] = 0;
      const int column =
          game.mirrored ? ConnectFour::kColumns - 1 - actions.discrete[i] : actions.discrete[i];
      if (!game.position.legal(column)) throw InputError("Connect Four: that column is full; heed the mask");
      game.position.drop(column);
      if (game.position.won()) result.rewards[i] = 1;
      result.terminated[i] = game.position.won() || game.position.full();
      if (result.terminated[i] == 0) theirs.push_back(i);
    }
    answer(theirs, &result);
    theirs.clear();
    for (int i = 0; i < count(); ++i) {
      if (result.terminated[i] == 0) continue;
      if (!result.final_observations.empty()) observe(i, result.final_observations);
      begin(i, games_[i].episode + 1, theirs);
    }
    answer(theirs, nullptr);
    for (int i = 0; i < count(); ++i) observe(i, result.observations);
  }

  void legal(std::span<std::uint8_t> mask) const override {
    for (std::size_t i = 0; i < games_.size(); ++i)
      games_[i].position.legal_columns(mask.subspan(i * ConnectFour::kColumns), games_[i].mirrored);
  }

  void save(std::vector<std::byte>& to) const override {
    append_bytes(to, options_.seed);
    for (const Game& game : games_) append_bytes(to, game);
  }

  void load(std::span<const std::byte>& from) override {
    options_.seed = take_bytes<std::uint64_t>(from);
    for (Game& game : games_) {
      take_into(from, game);
      if (game.opponent >= league_->size())
        throw InputError("the saved games of Connect Four are against more members than the league has");
    }
  }

 private:
  struct Game {
    ConnectFour position;
    Philox random{0, 0};
    std::uint32_t episode = 0;
    std::uint32_t opponent = 0;  ///< index in the league
    bool mirrored = false;
    char unused[7] = {};
  };

  /// Appends to `theirs` if the opponent begins.
  void begin(int i, std::uint32_t episode, std::vector<int>& theirs) {
    Game& game = games_[i];
    game = {};
    game.episode = episode;
    game.random = episode_random(options_.seed, options_.first_index + i, episode);
    game.opponent = static_cast<std::uint32_t>(league_->pick(game.random.uniform()));
    game.mirrored = game.random.below(2) == 1;
    if (game.random.below(2) == 1) theirs.push_back(i);
  }

  /// The opponents' moves in the games `theirs`, those of one opponent together. With a result, ends are
  /// noted.
  void answer(const std::vector<int>& theirs, const StepResult* result) {
    std::map<std::uint32_t, std::vector<int>> by_opponent;
    for (const int i : theirs) by_opponent[games_[i].opponent].push_back(i);
    for (const auto& [opponent, these] : by_opponent) {
      std::vector<ConnectFour> positions;
      std::vector<Philox*> random;
      for (const int i : these) {
        positions.push_back(games_[i].position);
        random.push_back(&games_[i].random);
      }
      std::vector<int> columns(these.size());
      league_->member(opponent)->choose(positions, random, columns);
      for (std::size_t k = 0; k < these.size(); ++k) {
        ConnectFour& position = games_[these[k]].position;
        position.drop(columns[k]);
        if (result == nullptr) continue;
        if (position.won()) result->rewards[these[k]] = -1;
        result->terminated[these[k]] = position.won() || position.full();
      }
    }
  }

  void observe(int i, std::span<float> to) const {
    constexpr std::size_t kRow = ConnectFour::kObservations;
    games_[i].position.observe(to.subspan(static_cast<std::size_t>(i) * kRow, kRow), games_[i].mirrored);
  }

  std::shared_ptr<const League> league_;
  VectorOptions options_;
  Spaces spaces_;
  std::vector<Game> games_;
};

}  // namespace

EnvironmentFactory connect_four(std::shared_ptr<const League> league) {
  return [league = std::move(league)](const VectorOptions& options) -> std::unique_ptr<VectorEnvironment> {
    return std::make_unique<ConnectFourGames>(league, options);
  };
}

std::vector<double> elo_ratings(int players, const std::vector<Pairing>& pairings) {
  const auto count = static_cast<std::size_t>(players);
  std::vector<double> points(count), strength(count, 1.0);
  for (const Pairing& pairing : pairings) {
    points[pairing.first] += pairing.score.points() + 0.5;
    points[pairing.second] += pairing.score.games() - pairing.score.points() + 0.5;
  }
  for (int iteration = 0; iteration < 2000; ++iteration) {
    std::vector<double> weight(count);
    for (const Pairing& pairing : pairings) {
      const double share = (pairing.score.games() + 1) / (strength[pairing.first] + strength[pairing.second]);
      weight[pairing.first] += share;
      weight[pairing.second] += share;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (weight[i] > 0) strength[i] = points[i] / weight[i];
    }
  }
  std::vector<double> ratings(count);
  for (std::size_t i = 0; i < count; ++i) ratings[i] = 400 * std::log10(strength[i] / strength[0]);
  return ratings;
}

}  // namespace rankine::rl
