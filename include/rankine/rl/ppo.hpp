// SPDX-License-Identifier: Apache-2.0
// PPO in one process: rollouts and learning one after the other. train.hpp places the same learning code on
// many ranks.
//
//   rk::rl::PpoConfig config = rk::rl::preset("cleanrl", "CartPole-v1");
//   rk::rl::Ppo ppo(config, rk::rl::named("CartPole-v1"));
//   while (!ppo.done()) ppo.update();
//   rk::rl::evaluate(ppo.policy(), rk::rl::named("CartPole-v1"), 100, 1).mean;
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <rankine/rl/policy.hpp>
#include <rankine/rl/ppo_config.hpp>
#include <rankine/rl/vector_environment.hpp>

namespace rankine::rl {

/// An episode that ended while learning.
struct Episode {
  double reward = 0;             ///< the sum of its rewards, not normalised
  std::int32_t length = 0;       ///< in steps
  std::int32_t environment = 0;  ///< among all of the run
  std::int64_t step = 0;         ///< of its environment, when it ended

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& reward& length& environment& step;
  }
};

/// What one update did.
struct UpdateReport {
  std::int64_t update = 0;                              ///< counted from 1
  std::int64_t steps = 0;                               ///< of all environments so far
  std::int64_t episodes = 0;                            ///< ended so far
  double mean_return = 0;                               ///< of the last 100 episodes; NaN before the first
  double policy_loss = 0, value_loss = 0, entropy = 0;  ///< means over the update's minibatches
  double kl = 0;       ///< between the acting policy and the learning one, of the last minibatch
  double clipped = 0;  ///< share of samples whose ratio was out of bounds
  double learning_rate = 0;
  double gradient_norm = 0;  ///< of the last minibatch, before clipping
};

/// Makes the environments that Rankine knows by that name.
EnvironmentFactory named(std::string name);

class Ppo {
 public:
  /// Throws InputError for a config that cannot be.
  Ppo(const PpoConfig& config, const EnvironmentFactory& factory);
  ~Ppo();
  Ppo(Ppo&&) noexcept;
  Ppo& operator=(Ppo&&) noexcept;

  const PpoConfig& config() const;
  const Spaces& spaces() const;
  bool done() const;
  /// A rollout and what is learnt from it.
  UpdateReport update();
  /// As it is now.
  Policy policy() const;
  /// Reports of all updates so far.
  const std::vector<UpdateReport>& curve() const;

  /// All that is needed to go on bit for bit, in an object that was made with the same arguments.
  std::vector<std::byte> save() const;
  void load(std::span<const std::byte> from);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rankine::rl
