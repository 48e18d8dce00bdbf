// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/schedulers.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/error.hpp>

#include "tune/schedulers/asha.hpp"
#include "tune/schedulers/async_hyperband.hpp"
#include "tune/schedulers/hyperband.hpp"
#include "tune/schedulers/median.hpp"
#include "tune/schedulers/population.hpp"

namespace rankine::tune {

namespace {

void validate(const std::string& name, const SchedulerOptions& options) {
  const auto wrong = [&](const std::string& words) { throw InputError("scheduler " + name + ": " + words); };
  if (!(options.eta > 1)) wrong(fmt::format("eta is {}; it must be larger than 1", options.eta));
  if (options.step_min < 1) wrong(fmt::format("step_min is {}; it must be 1 or more", options.step_min));
  if (options.steps_max < options.step_min) {
    wrong(fmt::format("steps_max is {}, less than step_min {}", options.steps_max, options.step_min));
  }
  const bool bracketed = name == "hyperband" || name == "async-hyperband" || name == "bohb";
  if ((bracketed || name == "pbt") && options.steps_max == kLastStep)
    wrong("steps_max is not given: it must know how long a whole trial is");
  if (bracketed && name != "async-hyperband" && !options.resumable)
    wrong("trials must be resumable; asha and async-hyperband do without");
  if (name != "pbt") return;
  if (options.interval < 1) wrong("interval is not given: the steps between exchanges");
  if (options.population < 2)
    wrong(fmt::format("a population of {} has nobody to learn from", options.population));
  if (!(options.quantile > 0 && options.quantile <= 0.5))
    wrong(fmt::format("quantile is {}; it must be above 0 and at most 0.5", options.quantile));
  if (options.factors.empty()) wrong("there are no factors to perturb by");
}

}  // namespace

const std::vector<std::string>& scheduler_names() {
  static const std::vector<std::string> names{"none", "median", "asha", "hyperband", "async-hyperband",
                                              "bohb", "pbt"};
  return names;
}

std::unique_ptr<Scheduler> make_scheduler(const std::string& name, const SchedulerOptions& options) {
  const auto& names = scheduler_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw InputError(
        fmt::format("there is no scheduler \"{}\"; there are: {}", name, fmt::join(names, ", ")));
  }
  if (name == "none") return std::make_unique<NoScheduler>();
  validate(name, options);
  if (name == "median") return std::make_unique<MedianStopping>(options);
  if (name == "asha") return std::make_unique<Asha>(options);
  if (name == "async-hyperband") return std::make_unique<AsyncHyperband>(options);
  if (name == "pbt") return std::make_unique<PopulationBasedTraining>(options);
  return std::make_unique<Hyperband>(name, options);
}

std::vector<Step> rung_steps(Step first, double eta, Step steps_max) {
  constexpr std::size_t rungs_max = 60;
  std::vector<Step> steps;
  double exact = static_cast<double>(first);
  while (steps.size() < rungs_max && exact < 1e18) {
    const auto step = static_cast<Step>(std::llround(exact));
    if (step >= steps_max) break;
    if (steps.empty() || step > steps.back()) steps.push_back(step);
    exact *= eta;
  }
  return steps;
}

std::vector<Bracket> hyperband_brackets(Step step_min, double eta, Step steps_max) {
  const double whole = static_cast<double>(steps_max);
  const auto most =
      static_cast<int>(std::floor(std::log(whole / static_cast<double>(step_min)) / std::log(eta) + 1e-9));
  std::vector<Bracket> brackets;
  for (int s = most; s >= 0; --s) {
    Bracket bracket;
    const double trials = std::ceil((most + 1.0) / (s + 1.0) * std::pow(eta, s) - 1e-9);
    for (int i = 0; i <= s; ++i) {
      bracket.trials.push_back(
          static_cast<std::size_t>(std::max(1.0, std::floor(trials * std::pow(eta, -i) + 1e-9))));
      bracket.steps.push_back(std::max<Step>(1, std::llround(whole * std::pow(eta, i - s))));
    }
    brackets.push_back(std::move(bracket));
  }
  return brackets;
}

}  // namespace rankine::tune
