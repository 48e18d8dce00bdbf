// SPDX-License-Identifier: Apache-2.0
// What one logical shard saw in one rollout, and the weights that it is made with. Plain data that travels
// between ranks.
#pragma once

#include <cstdint>
#include <vector>

#include <rankine/rl/ppo.hpp>

#include "rl/learn/moments.hpp"

namespace rankine::rl::learn {

/// Arrays are [steps][environments][...], row-major.
struct Trajectory {
  std::int32_t shard = 0;
  std::int32_t steps = 0;           ///< fewer than asked for where the rollout was pre-empted
  std::int32_t environments = 0;    ///< of this shard
  std::int64_t update = 0;          ///< of the weights that acted
  std::vector<float> observations;  ///< as the policy saw them
  std::vector<float> actions;       ///< discrete ones as numbers; not cut to their bounds
  std::vector<float> mask;          ///< 0 or 1 an action; empty if all are always legal
  std::vector<float> logp, values, rewards;
  std::vector<std::uint8_t> ends;           ///< 1: the episode ended with this step
  std::vector<float> last_observations;     ///< [environments][...]: after the last step
  std::vector<float> last_values;           ///< [environments]
  std::vector<double> observation_moments;  ///< Moments::numbers of this rollout alone; empty if not wanted
  std::vector<double> reward_moments;
  std::vector<Episode> episodes;  ///< those that ended

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& shard& steps& environments& update& observations& actions& mask;
    ar& logp& values& rewards& ends& last_observations& last_values;
    ar& observation_moments& reward_moments& episodes;
  }
};

/// Of the whole run, apart from the parameters.
struct Normalisers {
  Moments observations, returns;
};

}  // namespace rankine::rl::learn
