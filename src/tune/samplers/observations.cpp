// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/observations.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::tune {
namespace {

constexpr double kWorst = std::numeric_limits<double>::infinity();

/// How far the trial's values reach.
Step reach(const Trial& trial) {
  return trial.state == TrialState::finished || trial.state == TrialState::failed ? kLastStep
                                                                                  : trial.last_step();
}

/// The highest step that `enough` trials reached; with too few everywhere, the one that most reached.
Step fidelity(const History& history, std::size_t enough) {
  std::vector<Step> reached;
  std::size_t final_values = history.earlier().size();
  for (const Trial& trial : history.trials()) {
    const Step step = reach(trial);
    if (step == kLastStep)
      ++final_values;
    else if (step > 0)
      reached.push_back(step);
  }
  if (final_values >= enough || reached.empty()) return kLastStep;
  std::sort(reached.begin(), reached.end(), std::greater<>());
  const std::size_t place = enough - final_values;  // this many of `reached` are needed
  return reached[std::min(place, reached.size()) - 1];
}

std::optional<double> loss_at(const History& history, const Trial& trial, Step step) {
  if (trial.state == TrialState::failed) return kWorst;
  if (step != kLastStep) {
    const auto after = std::upper_bound(trial.reports.begin(), trial.reports.end(), step,
                                        [](Step s, const Report& report) { return s < report.step; });
    if (after != trial.reports.begin() &&
        (trial.last_step() >= step || trial.state == TrialState::finished)) {
      return history.loss(std::prev(after)->values[0]);
    }
  }
  if (trial.state == TrialState::finished) return history.loss(trial);
  return std::nullopt;
}

}  // namespace

Observations observe(const History& history, std::size_t enough) {
  Observations seen;
  seen.step = fidelity(history, std::max<std::size_t>(enough, 1));
  seen.known.reserve(history.earlier().size() + history.trials().size());
  for (const Trial& trial : history.earlier()) {
    if (trial.state == TrialState::finished)
      seen.known.push_back({&trial.configuration, history.loss(trial)});
  }
  for (const Trial& trial : history.trials()) {
    if (const auto loss = loss_at(history, trial, seen.step)) {
      seen.known.push_back({&trial.configuration, *loss});
    } else if (!trial.ended()) {
      seen.pending.push_back(&trial.configuration);
    }
  }
  return seen;
}

void require_one_objective(const History& history, const char* sampler) {
  if (history.objectives() == 1) return;
  throw InputError(
      fmt::format("the sampler {} takes one objective, the study has {}. Remedy: nsga2 or random", sampler,
                  history.objectives()));
}

}  // namespace rankine::tune
