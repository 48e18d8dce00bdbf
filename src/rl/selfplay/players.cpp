// SPDX-License-Identifier: Apache-2.0
// Players of Connect Four, from chance to networks, and games between them.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/rl/connect_four.hpp>

namespace rankine::rl {

namespace {

constexpr int kColumns = ConnectFour::kColumns;
constexpr int kMiddleFirst[kColumns] = {3, 2, 4, 1, 5, 0, 6};

/// One of the legal columns, by their weights.
int by_weight(const ConnectFour& position, const std::array<int, kColumns>& weights, Philox& random) {
  int sum = 0;
  for (int column = 0; column < kColumns; ++column) sum += position.legal(column) ? weights[column] : 0;
  auto left = static_cast<int>(random.below(static_cast<std::uint64_t>(sum)));
  for (int column = 0; column < kColumns; ++column) {
    if (position.legal(column) && (left -= weights[column]) < 0) return column;
  }
  throw Error("Connect Four: no column is legal");
}

/// A player that looks at one position at a time.
class OneByOne : public Player {
 public:
  void choose(std::span<const ConnectFour> positions, std::span<Philox* const> random,
              std::span<int> columns) const final {
    for (std::size_t i = 0; i < positions.size(); ++i) columns[i] = choose_one(positions[i], *random[i]);
  }

 private:
  virtual int choose_one(const ConnectFour& position, Philox& random) const = 0;
};

class RandomPlayer final : public OneByOne {
  std::string name() const override { return "random"; }
  int choose_one(const ConnectFour& position, Philox& random) const override {
    return by_weight(position, {1, 1, 1, 1, 1, 1, 1}, random);
  }
};

class HeuristicPlayer final : public OneByOne {
  std::string name() const override { return "heuristic"; }
  int choose_one(const ConnectFour& position, Philox& random) const override {
    for (int column = 0; column < kColumns; ++column) {
      if (position.legal(column) && position.wins(column)) return column;
    }
    for (int column = 0; column < kColumns; ++column) {
      if (position.legal(column) && position.loses(column)) return column;
    }
    return by_weight(position, {1, 2, 3, 4, 3, 2, 1}, random);
  }
};

class MinimaxPlayer final : public OneByOne {
 public:
  explicit MinimaxPlayer(int depth) : depth_(depth) {}
  std::string name() const override { return fmt::format("minimax-{}", depth_); }

 private:
  static constexpr int kWin = 100'000;

  /// The value for who is to move, between `low` and `high` (alpha and beta), `depth` plies ahead.
  static int value(const ConnectFour& position, int depth, int low, int high) {
    if (position.full()) return 0;
    if (depth == 0) return position.balance();
    for (int column = 0; column < kColumns; ++column) {
      if (position.legal(column) && position.wins(column)) return kWin + depth;
    }
    for (const int column : kMiddleFirst) {
      if (!position.legal(column)) continue;
      ConnectFour next = position;
      next.drop(column);
      low = std::max(low, -value(next, depth - 1, -high, -low));
      if (low >= high) break;
    }
    return low;
  }

  int choose_one(const ConnectFour& position, Philox& random) const override {
    int best = -2 * kWin;
    std::array<int, kColumns> equal{};
    for (const int column : kMiddleFirst) {
      if (!position.legal(column)) continue;
      int found = kWin + depth_;
      if (!position.wins(column)) {
        ConnectFour next = position;
        next.drop(column);
        found = -value(next, depth_ - 1, -2 * kWin, -best + 1);  // equal values are found exactly
      }
      if (found > best) equal = {};
      if (found >= best) equal[column] = 1;
      best = std::max(best, found);
    }
    return by_weight(position, equal, random);
  }

  int depth_;
};

class PolicyPlayer final : public Player {
 public:
  PolicyPlayer(std::string name, Policy policy, bool greedy)
      : name_(std::move(name)), policy_(std::move(policy)), greedy_(greedy) {}

  std::string name() const override { return name_; }
  void choose(std::span<const ConnectFour> positions, std::span<Philox* const> random,
              std::span<int> columns) const override {
    const std::size_t count = positions.size();
    std::vector<float> observations(count * ConnectFour::kObservations), uniform(greedy_ ? 0 : count);
    std::vector<std::uint8_t> mask(count * kColumns);
    std::vector<std::int32_t> actions(count);
    for (std::size_t i = 0; i < count; ++i) {
      positions[i].observe(std::span(observations).subspan(i * ConnectFour::kObservations), false);
      positions[i].legal_columns(std::span(mask).subspan(i * kColumns), false);
      if (!greedy_) uniform[i] = static_cast<float>(random[i]->below(1 << 24)) * 0x1p-24F;
    }
    policy_.act(observations, mask, uniform, actions);
    std::ranges::copy(actions, columns.begin());
  }

 private:
  std::string name_;
  Policy policy_;
  bool greedy_;
};

/// A game that is going on.
struct Game {
  ConnectFour position;
  Philox random;
  bool first_to_move = false;  ///< the player `first` of `play`, whoever began
  bool over = false;
};

/// One move of all games in which it is the turn of `player`; returns how many games it ended with a win.
void move(const Player& player, bool is_first, std::vector<Game>& games, Score& score) {
  std::vector<Game*> going;
  std::vector<ConnectFour> positions;
  std::vector<Philox*> random;
  for (Game& game : games) {
    if (game.over || game.first_to_move != is_first) continue;
    going.push_back(&game);
    positions.push_back(game.position);
    random.push_back(&game.random);
  }
  if (going.empty()) return;
  std::vector<int> columns(going.size());
  player.choose(positions, random, columns);
  for (std::size_t i = 0; i < going.size(); ++i) {
    Game& game = *going[i];
    game.position.drop(columns[i]);
    game.first_to_move = !is_first;
    if (game.position.won()) {
      game.over = true;
      ++(is_first ? score.wins : score.losses);
    } else if (game.position.full()) {
      game.over = true;
      ++score.draws;
    }
  }
}

}  // namespace

std::unique_ptr<Player> random_player() {
  return std::make_unique<RandomPlayer>();
}

std::unique_ptr<Player> heuristic_player() {
  return std::make_unique<HeuristicPlayer>();
}

std::unique_ptr<Player> minimax_player(int depth) {
  if (depth < 1 || depth > 8)
    throw InputError(fmt::format("minimax looks 1 to 8 plies ahead, not {}", depth));
  return std::make_unique<MinimaxPlayer>(depth);
}

std::unique_ptr<Player> policy_player(std::string name, Policy policy, bool greedy) {
  return std::make_unique<PolicyPlayer>(std::move(name), std::move(policy), greedy);
}

Score play(const Player& first, const Player& second, int games, std::uint64_t seed) {
  std::vector<Game> all;
  for (int i = 0; i < games; ++i)
    all.push_back({.position = {},
                   .random = Philox(seed, static_cast<std::uint64_t>(i)),
                   .first_to_move = i % 2 == 0,
                   .over = false});
  Score score;
  while (score.games() < games) {
    move(first, true, all, score);
    move(second, false, all, score);
  }
  return score;
}

}  // namespace rankine::rl
