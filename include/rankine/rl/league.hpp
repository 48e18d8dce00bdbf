// SPDX-License-Identifier: Apache-2.0
// Self-play: a league of players that a learner meets, the environment in which it meets them, and ratings
// from the games that they played. It knows no files and no ranks.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <rankine/rl/connect_four.hpp>
#include <rankine/rl/vector_environment.hpp>

namespace rankine::rl {

/// Who may be met, and how often. Members are added while environments play; an episode keeps its opponent.
class League {
 public:
  /// `weight`: the chance to be met, relative to the others'.
  void add(std::shared_ptr<const Player> player, double weight);
  void set_weight(std::size_t member, double weight);
  std::size_t size() const;
  std::shared_ptr<const Player> member(std::size_t i) const;
  /// The member at `uniform` in [0, 1) of the weights.
  std::size_t pick(double uniform) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const Player>> players_;
  std::vector<double> weights_;
};

/// Connect Four against members of the league: reward 1 for a win, -1 for a loss, 0 for a draw. Who begins
/// and whether the board is mirrored are chance. Illegal columns are masked. `save` keeps the games, not the
/// league.
EnvironmentFactory connect_four(std::shared_ptr<const League> league);

/// Games between the players `first` and `second`, by index.
struct Pairing {
  int first = 0, second = 0;
  Score score;
};
/// Ratings on Elo's scale (400 points: 10 to 1) that make the scores most likely (Bradley and Terry, by
/// Hunter's iteration, a draw being half a win); player 0 has the rating 0. Half a point for each side is
/// added to each pairing, so that nobody is infinitely strong.
std::vector<double> elo_ratings(int players, const std::vector<Pairing>& pairings);

}  // namespace rankine::rl
