// SPDX-License-Identifier: Apache-2.0
// The schedulers by name, and what may be said about them. All are pure: see scheduler.hpp.
//
//   none             each trial goes on to its end
//   median           stops a trial that is worse than the median of the others at the same step
//                    (Golovin et al. 2017, "Google Vizier", section 3.2)
//   asha             asynchronous successive halving (Li et al. 2020, "A system for massively parallel
//                    hyperparameter tuning")
//   hyperband        Li et al. 2018, "Hyperband", with rungs that wait for all of their trials
//   async-hyperband  brackets of asha, each with its own first rung, begun as often as Hyperband would
//   bohb             hyperband's brackets for a sampler that learns from partial trials: take tpe
//                    (Falkner et al. 2018)
//   pbt              population based training (Jaderberg et al. 2017): exploit by checkpoints, explore by
//                    perturbing
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <rankine/tune/scheduler.hpp>

namespace rankine::tune {

struct SchedulerOptions {
  double eta = 3;              ///< one of eta trials goes on to the next rung
  Step step_min = 1;           ///< the first rung; of median: before it nothing is stopped
  Step steps_max = kLastStep;  ///< of a whole trial; hyperband, async-hyperband and bohb need it
  /// Trials have checkpoints: they end at each rung and go on from there when they are promoted. Else (asha,
  /// async-hyperband) they run on while they are among the best so far and are stopped for good.
  bool resumable = true;
  std::size_t trials_min = 5;  ///< median: others that must have come as far
  /// pbt: steps between exchanges. median: 0, or trials pause (with a checkpoint) after so many steps, which
  /// lets ordered studies stop them.
  Step interval = 0;
  std::size_t population = 16;         ///< pbt
  double quantile = 0.2;               ///< pbt: this share of the worst takes over from as many of the best
  double resample_probability = 0.25;  ///< pbt: a hyperparameter is drawn anew instead of perturbed
  std::vector<double> factors{0.8, 1.2};  ///< pbt: one of them multiplies a hyperparameter
};

/// Names as above. Throws InputError naming all of them, or the option that is wrong.
std::unique_ptr<Scheduler> make_scheduler(const std::string& name, const SchedulerOptions& options = {});

/// "none", "median" ...
const std::vector<std::string>& scheduler_names();

/// The steps of the rungs from `first` on, each `eta` times the one before, rounded, below `steps_max`. The
/// last part of a trial, to its own end, is no rung.
std::vector<Step> rung_steps(Step first, double eta, Step steps_max);

/// One bracket of Hyperband: how many trials begin, how many are left at each rung, and where these lie. The
/// last step is `steps_max`.
struct Bracket {
  std::vector<std::size_t> trials;
  std::vector<Step> steps;
};
/// The brackets from the one that stops most to the one that stops nothing, as in the paper's algorithm 1.
std::vector<Bracket> hyperband_brackets(Step step_min, double eta, Step steps_max);

}  // namespace rankine::tune
