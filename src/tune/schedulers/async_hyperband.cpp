// SPDX-License-Identifier: Apache-2.0
#include "tune/schedulers/async_hyperband.hpp"

namespace rankine::tune {

AsyncHyperband::AsyncHyperband(const SchedulerOptions& options) {
  for (const Bracket& bracket : hyperband_brackets(options.step_min, options.eta, options.steps_max)) {
    SchedulerOptions own = options;
    own.step_min = bracket.steps.front();
    brackets_.emplace_back(own);
    shares_.push_back(static_cast<double>(bracket.trials.front()));
  }
  started_.resize(brackets_.size());
}

Next AsyncHyperband::next(const History&, double, bool may_start) {
  for (Asha& bracket : brackets_) {
    const Next promoted = bracket.promotion();
    if (promoted.kind != Next::Kind::wait) return promoted;
  }
  if (!may_start) return {};
  chosen_ = 0;
  for (std::size_t s = 1; s < brackets_.size(); ++s) {
    if ((started_[s] + 1) / shares_[s] < (started_[chosen_] + 1) / shares_[chosen_]) chosen_ = s;
  }
  return brackets_[chosen_].beginning();
}

void AsyncHyperband::on_start(const History& history, const Trial& trial) {
  started_[chosen_] += 1;
  bracket_of_.resize(trial.id + 1, 0);
  bracket_of_[trial.id] = chosen_;
  brackets_[chosen_].on_start(history, trial);
}

Verdict AsyncHyperband::on_report(const History& history, const Trial& trial, double now) {
  return brackets_[bracket_of_[trial.id]].on_report(history, trial, now);
}

}  // namespace rankine::tune
