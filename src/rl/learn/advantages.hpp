// SPDX-License-Identifier: Apache-2.0
// Advantages and value targets of one trajectory: generalised advantage estimation (Schulman et al. 2016) for
// data of the present policy, V-trace (Espeholt et al. 2018) for data of an older one.
#pragma once

#include <span>
#include <vector>

#include "rl/learn/trajectory.hpp"

namespace rankine::rl::learn {

/// [steps][environments] each.
struct Estimates {
  std::vector<float> advantages;
  std::vector<float> targets;
};

Estimates generalised_advantages(const Trajectory& trajectory, double gamma, double lambda);

/// `logp`, `values` and `last_values` are those of the learning policy; the ratios of probabilities and the
/// traces are cut at 1, and traces fade by lambda (so that equal policies give the targets of GAE).
Estimates v_trace(const Trajectory& trajectory, std::span<const float> logp, std::span<const float> values,
                  std::span<const float> last_values, double gamma, double lambda);

}  // namespace rankine::rl::learn
