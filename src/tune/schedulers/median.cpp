// SPDX-License-Identifier: Apache-2.0
#include "tune/schedulers/median.hpp"

#include <algorithm>

namespace rankine::tune {

void RunningMedian::add(double value) {
  if (low_.empty() || value <= *low_.rbegin()) {
    low_.insert(value);
  } else {
    high_.insert(value);
  }
  if (low_.size() > high_.size() + 1) high_.insert(low_.extract(std::prev(low_.end())));
  if (high_.size() > low_.size()) low_.insert(high_.extract(high_.begin()));
}

Step MedianStopping::until(Step from) const {
  const bool last = options_.interval == 0 || from + options_.interval >= options_.steps_max;
  return last ? kLastStep : from + options_.interval;
}

Next MedianStopping::next(const History& history, double, bool may_start) {
  Next next;
  if (!paused_.empty()) {
    next.kind = Next::Kind::resume;
    next.trial = *paused_.begin();
    next.until = until(history.trial(next.trial).last_step());
    paused_.erase(paused_.begin());
  } else if (may_start) {
    next.kind = Next::Kind::start;
    next.until = until(0);
  }
  return next;
}

Verdict MedianStopping::on_report(const History& history, const Trial& trial, double) {
  if (trial.id >= progress_.size()) progress_.resize(trial.id + 1);
  Progress& own = progress_[trial.id];
  const Report& report = trial.reports.back();
  const double loss = history.loss(report.values.front());
  own.best = own.count == 0 ? loss : std::min(own.best, loss);
  own.sum += loss;
  ++own.count;
  RunningMedian& others = means_[report.step];
  Verdict verdict;
  if (report.step >= options_.step_min && others.size() >= options_.trials_min &&
      own.best > others.median()) {
    verdict.decision = Decision::stop;
  }
  others.add(own.sum / static_cast<double>(own.count));
  return verdict;
}

void MedianStopping::on_end(const History&, const Trial& trial, double) {
  if (trial.state == TrialState::paused) paused_.insert(trial.id);
}

}  // namespace rankine::tune
