// SPDX-License-Identifier: Apache-2.0
// What a model-based sampler learns from: losses at one fidelity, and the configurations whose loss is yet to
// come. As in BOHB (Falkner, Klein, Hutter, ICML 2018) the fidelity is the highest that enough trials
// reached.
#pragma once

#include <cstddef>
#include <vector>

#include <rankine/tune/history.hpp>

namespace rankine::tune {

struct Observation {
  const Configuration* configuration = nullptr;
  double loss = 0;  ///< +infinity: failed, diverged or not a number
};

struct Observations {
  std::vector<Observation> known;  ///< those of earlier studies first, then in the order of trial ids
  std::vector<const Configuration*> pending;  ///< running or paused before the fidelity
  Step step = kLastStep;                      ///< the fidelity; kLastStep: final values
};

/// `enough`: so many observations a higher fidelity needs to be preferred. First objective only.
Observations observe(const History& history, std::size_t enough);

/// Throws InputError unless the study has one objective.
void require_one_objective(const History& history, const char* sampler);

}  // namespace rankine::tune
