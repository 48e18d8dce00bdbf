// SPDX-License-Identifier: Apache-2.0
// Everything that a result of PPO depends on besides the environment and the seed: numbers of the algorithm
// (Schulman et al. 2017), of its networks, and the logical shards, which make results independent of ranks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/rl/environment.hpp>

namespace rankine::rl {

enum class Activation { kTanh, kRelu };

/// How continuous actions are drawn.
enum class Noise {
  kIndependent,    ///< normal, log standard deviations are parameters
  kStateDependent  ///< gSDE (Raffin et al. 2021): noise = features x a matrix that is drawn now and then
};

/// A quantity over the run: constant, or down to zero by a straight line.
enum class Annealing {
  kNone,
  kFromStart,    ///< the first update has the full value (CleanRL)
  kAfterRollout  ///< the steps of the update itself count as done (Stable-Baselines3)
};

struct PpoConfig {
  std::int64_t steps_total = 500'000;  ///< environment steps of the whole run
  bool round_up = false;               ///< the last update may go beyond steps_total, else it is left out
  std::uint64_t seed = 1;

  int environments = 4;  ///< in all shards together
  int steps = 128;       ///< of each environment an update
  int minibatch = 128;   ///< rows, of all shards together; the last one of an epoch may be smaller
  int epochs = 4;
  int shards = 1;  ///< logical ones, a power of two that divides environments: part of the result

  double gamma = 0.99;
  double lambda = 0.95;  ///< of generalised advantage estimation, and of V-trace
  double learning_rate = 2.5e-4;
  Annealing anneal_rate = Annealing::kFromStart;
  double clip = 0.2;
  Annealing anneal_clip = Annealing::kNone;
  bool clip_values = true;           ///< the value's change, by `clip` too
  bool normalise_advantages = true;  ///< in each minibatch
  double entropy = 0.01;             ///< coefficient
  double value = 0.5;                ///< coefficient of half the squared error (half of it is SB3's vf_coef)
  double gradient_norm = 0.5;
  double target_kl = 0;              ///< an update ends when the KL is 1.5 times as much; 0: never
  bool bootstrap_truncated = false;  ///< the value of what lies behind the time limit is added to the reward
  bool normalise_observations = false;  ///< by running moments, cut at 10 (SB3's VecNormalize)
  bool normalise_rewards = false;       ///< by the moments of the discounted return, cut at 10

  std::vector<int> hidden = {64, 64};
  Activation activation = Activation::kTanh;
  bool shared = false;     ///< one trunk for policy and value
  bool orthogonal = true;  ///< initial weights; else uniform in 1 / sqrt(inputs) as PyTorch's Linear
  Noise noise = Noise::kIndependent;
  double log_std = 0;    ///< initial
  int noise_every = -1;  ///< gSDE: steps between two matrices; -1: once a rollout

  /// Throws InputError naming what is wrong and how to mend it.
  void check() const;
  std::int64_t steps_per_update() const { return std::int64_t{environments} * steps; }
  std::int64_t updates() const;
  /// All of it in one line: equal texts give equal results.
  std::string text() const;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& steps_total& round_up& seed& environments& steps& minibatch& epochs& shards;
    ar& gamma& lambda& learning_rate& anneal_rate& clip& anneal_clip& clip_values& normalise_advantages;
    ar& entropy& value& gradient_norm& target_kl& bootstrap_truncated& normalise_observations;
    ar& normalise_rewards& hidden& activation& shared& orthogonal& noise& log_std& noise_every;
  }
};

/// "independent", "gsde". Throws InputError naming them.
Noise noise_named(std::string_view name);

/// The names of presets: "cleanrl" (its ppo.py), "sb3-zoo" (rl-baselines3-zoo's ppo.yml) and "rankine" (our
/// own numbers, where those two leave too much to chance).
std::vector<std::string> preset_names();
/// The settings of a preset for an environment; steps_total too. An environment that "cleanrl" or "sb3-zoo"
/// does not know gets its defaults. Throws InputError for an unknown preset, and for an environment for which
/// "rankine" has no numbers.
PpoConfig preset(std::string_view name, std::string_view environment);

}  // namespace rankine::rl
