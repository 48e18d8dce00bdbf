// SPDX-License-Identifier: Apache-2.0
// A trained policy as a value: copied, stored as flat numbers, asked for actions in batches. It knows nothing
// of how it was trained.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <rankine/rl/environment.hpp>
#include <rankine/rl/ppo_config.hpp>
#include <rankine/rl/vector_environment.hpp>

namespace rankine::rl {

class Policy {
 public:
  /// With initial parameters; of the config only what shapes the networks counts.
  Policy(const Spaces& spaces, const PpoConfig& config);
  Policy(const Policy& other);
  Policy(Policy&&) noexcept;
  Policy& operator=(const Policy& other);
  Policy& operator=(Policy&&) noexcept;
  ~Policy();

  const Spaces& spaces() const;
  std::span<const float> parameters() const;
  /// Throws InputError unless there are as many as parameters().
  void set_parameters(std::span<const float> parameters);
  /// Running moments that observations are normalised by, as Moments' numbers; empty: they are not.
  std::vector<double> moments() const;
  void set_moments(std::span<const double> moments);

  /// Discrete actions for `rows` observations [rows][observations]. `mask` is [rows][actions] of 0 and 1, or
  /// empty. `uniform` has a number in [0, 1) a row to sample by, or is empty: the most likely action.
  /// `values`, if not empty, gets the value of each observation.
  void act(std::span<const float> observations, std::span<const std::uint8_t> mask,
           std::span<const float> uniform, std::span<std::int32_t> actions,
           std::span<float> values = {}) const;
  /// Continuous actions without noise, cut to their bounds, [rows][action_size].
  void act(std::span<const float> observations, std::span<float> actions) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What an evaluation found.
struct Evaluation {
  std::vector<double> returns;        ///< one an episode
  std::vector<std::int32_t> lengths;  ///< in steps
  double mean = 0;
  double median = 0;
  double deviation = 0;  ///< of the returns
};

/// Plays at least `episodes` whole episodes with the policy's most likely (or mean) actions; each of the
/// environments plays as many, so that short episodes are not preferred.
Evaluation evaluate(const Policy& policy, const EnvironmentFactory& factory, int episodes,
                    std::uint64_t seed);

}  // namespace rankine::rl
