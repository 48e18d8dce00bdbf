// SPDX-License-Identifier: Apache-2.0
// What an environment is: a small class that a user writes in thirty lines. It knows nothing of batches, time
// limits, seeds or ranks: `vectorise<T>` (vectorise.hpp) adds those.
//
//     struct Corridor {
//       static constexpr int kObservations = 1;  // numbers in an observation
//       static constexpr int kActions = 2;       // discrete: 0, 1
//       static constexpr int kStepsMax = 50;     // optional: where an episode is cut (truncated)
//       int place = 0;
//       void reset(rankine::Philox&) { place = 0; }
//       rankine::rl::Outcome step(int action, rankine::Philox&) {
//         place += action == 1 ? 1 : -1;
//         return {.reward = -1.0, .terminated = place == 5};
//       }
//       void observe(std::span<float> out) const { out[0] = static_cast<float>(place); }
//     };
//
// With continuous actions `kActions` is replaced by `kActionSize`, `kActionLow`, `kActionHigh` (arrays of
// float) and step takes std::span<const float>. All randomness comes from the generator that is handed in.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <rankine/core/philox.hpp>

namespace rankine::rl {

/// What one step led to. The time limit is not the environment's concern.
struct Outcome {
  double reward = 0;
  bool terminated = false;  ///< the episode ended by the rules: what follows has the value 0
};

/// The shapes of observations and actions.
struct Spaces {
  int observations = 0;            ///< float32 numbers in an observation
  int actions = 0;                 ///< how many discrete actions there are; 0 if they are continuous
  std::vector<float> action_low;   ///< continuous: the bounds of each number; empty if discrete
  std::vector<float> action_high;  ///< may be infinite
  int steps_max = 0;               ///< the time limit of an episode in steps, 0 for none
  bool masked = false;             ///< discrete actions may be illegal (VectorEnvironment::legal)

  bool discrete() const { return actions > 0; }
  /// Numbers in a continuous action, 0 if discrete.
  int action_size() const { return static_cast<int>(action_low.size()); }
};

template <typename T>
concept DiscreteEnvironment = requires(T environment, int action, Philox& random) {
  { T::kActions } -> std::convertible_to<int>;
  { environment.step(action, random) } -> std::convertible_to<Outcome>;
};

template <typename T>
concept ContinuousEnvironment = requires(T environment, std::span<const float> action, Philox& random) {
  { T::kActionSize } -> std::convertible_to<int>;
  { T::kActionLow[0] } -> std::convertible_to<float>;
  { T::kActionHigh[0] } -> std::convertible_to<float>;
  { environment.step(action, random) } -> std::convertible_to<Outcome>;
};

/// See the top of the file. `reset` is called before anything else; after an episode's end the next call is
/// `reset` again.
template <typename T>
concept Environment = std::default_initializable<T> &&
    requires(T environment, const T& constant, Philox& random, std::span<float> out) {
  { T::kObservations } -> std::convertible_to<int>;
  environment.reset(random);
  constant.observe(out);
} &&(DiscreteEnvironment<T> || ContinuousEnvironment<T>);

/// The spaces of an environment.
template <Environment T>
Spaces spaces_of() {
  Spaces spaces;
  spaces.observations = T::kObservations;
  if constexpr (requires { T::kStepsMax; }) spaces.steps_max = T::kStepsMax;
  if constexpr (DiscreteEnvironment<T>) {
    spaces.actions = T::kActions;
  } else {
    for (int i = 0; i < T::kActionSize; ++i) {
      spaces.action_low.push_back(T::kActionLow[i]);
      spaces.action_high.push_back(T::kActionHigh[i]);
    }
  }
  return spaces;
}

/// The numbers of one episode: they depend on the seed, the environment's index in the whole run and the
/// episode's number there, never on how environments are cut over ranks.
inline Philox episode_random(std::uint64_t seed, std::int64_t index, std::uint32_t episode) {
  return Philox(seed, static_cast<std::uint64_t>(index) << 32 | episode);
}

}  // namespace rankine::rl
