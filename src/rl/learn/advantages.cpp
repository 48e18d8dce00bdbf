// SPDX-License-Identifier: Apache-2.0
#include "rl/learn/advantages.hpp"

#include <algorithm>
#include <cmath>

namespace rankine::rl::learn {

Estimates generalised_advantages(const Trajectory& trajectory, double gamma, double lambda) {
  const auto n = static_cast<std::size_t>(trajectory.environments);
  const auto steps = static_cast<std::size_t>(trajectory.steps);
  const auto discount = static_cast<float>(gamma);
  const auto fading = static_cast<float>(gamma * lambda);
  Estimates estimates{std::vector<float>(steps * n), std::vector<float>(steps * n)};
  std::vector<float> carried(n, 0.0f);
  const float* next = trajectory.last_values.data();
  for (std::size_t t = steps; t-- > 0;) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t at = t * n + i;
      const float going_on = trajectory.ends[at] != 0 ? 0.0f : 1.0f;
      const float value = trajectory.values[at];
      const float delta = trajectory.rewards[at] + discount * next[i] * going_on - value;
      carried[i] = delta + fading * going_on * carried[i];
      estimates.advantages[at] = carried[i];
      estimates.targets[at] = carried[i] + value;
    }
    next = trajectory.values.data() + t * n;
  }
  return estimates;
}

Estimates v_trace(const Trajectory& trajectory, std::span<const float> logp, std::span<const float> values,
                  std::span<const float> last_values, double gamma, double lambda) {
  const auto n = static_cast<std::size_t>(trajectory.environments);
  const auto steps = static_cast<std::size_t>(trajectory.steps);
  const auto discount = static_cast<float>(gamma);
  Estimates estimates{std::vector<float>(steps * n), std::vector<float>(steps * n)};
  std::vector<float> above(n, 0.0f);  // target - value, of the next step
  std::vector<float> next(last_values.begin(), last_values.end());
  for (std::size_t t = steps; t-- > 0;) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t at = t * n + i;
      const float going_on = trajectory.ends[at] != 0 ? 0.0f : discount;
      const float ratio = std::min(1.0f, std::exp(logp[at] - trajectory.logp[at]));
      const float delta = ratio * (trajectory.rewards[at] + going_on * next[i] - values[at]);
      // The advantage looks one step ahead to the next target, as the targets' own recursion does.
      const float rest = going_on * static_cast<float>(lambda) * ratio * above[i];
      estimates.advantages[at] = delta + rest;
      above[i] = delta + rest;
      next[i] = values[at];
      estimates.targets[at] = values[at] + above[i];
    }
  }
  return estimates;
}

}  // namespace rankine::rl::learn
