// SPDX-License-Identifier: Apache-2.0
// A bridge to environments in Python: a child process makes them by gymnasium.make and steps them; numbers
// pass through shared memory, a word on a socket says whose turn it is. The child dies with its parent (its
// socket ends), and what goes wrong in Python is thrown here in words. One child steps a whole batch.
#pragma once

#include <string>

#include <rankine/rl/vector_environment.hpp>

namespace rankine::rl {

struct GymnasiumOptions {
  /// "CartPole-v1", or "FILE.py:NAME": a function or class of that file, called without arguments, whose
  /// objects have Gymnasium's reset, step, observation_space and action_space.
  std::string environment;
  std::string python = "python3";  ///< looked for in PATH; a virtual environment's own knows its packages
  double timeout_s = 120;          ///< of one answer, the start included
};

/// Observations: a Box (flattened), or Discrete (one number of each state, 1 for the present one). Actions:
/// Discrete or Box. The returned factory throws InputError where Python or the environment cannot be had or
/// has other spaces, Error where it fails later. Episodes are seeded from (seed, index, episode); saving
/// works for environments that do the same again under the same seed and actions.
EnvironmentFactory gymnasium(GymnasiumOptions options);

}  // namespace rankine::rl
