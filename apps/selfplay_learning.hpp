// SPDX-License-Identifier: Apache-2.0
// rankine-selfplay's learner: PPO on Connect Four against bots and its own checkpoints, which goes on from
// the run's journal. Matches and ratings are not known here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <rankine/rl/league.hpp>
#include <rankine/rl/ppo.hpp>

namespace selfplay {

namespace rl = rankine::rl;

struct LearningSettings {
  rl::PpoConfig config;
  int checkpoints = 8;
  double checkpoint_seconds = 30;
};

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

std::unique_ptr<rl::Player> player_of(const Side& side);

/// How often the learner meets whom: bots that it must beat.
std::vector<std::pair<std::string, double>> bots();

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
  explicit Learning(const LearningSettings& settings);

  /// Trains to the end. Throws Drained, with all that was learnt in the journal, where the run is to stop.
  void finish();

  /// In the order of the ratings: bots, then checkpoints.
  const std::vector<Side>& members() const { return progress_.members; }
  /// Moves of the learner so far.
  std::int64_t steps() const { return progress_.updates * settings_.config.steps_per_update(); }

 private:
  void add(Side side, double weight);
  void weigh();
  void join(std::int64_t steps);
  void keep();

  const LearningSettings& settings_;
  std::shared_ptr<rl::League> league_ = std::make_shared<rl::League>();
  rl::Ppo ppo_;
  Progress progress_;
};

}  // namespace selfplay
