// SPDX-License-Identifier: Apache-2.0
#include "tune/schedulers/asha.hpp"

namespace rankine::tune {

Asha::Asha(const SchedulerOptions& options)
    : resumable_(options.resumable),
      steps_(rung_steps(options.step_min, options.eta, options.steps_max)),
      rungs_(steps_.size(), Rung(options.eta)) {}

Step Asha::until(std::size_t rung) const {
  return resumable_ && rung < steps_.size() ? steps_[rung] : kLastStep;
}

std::size_t& Asha::rung_of(TrialId trial) {
  if (trial >= next_rung_.size()) next_rung_.resize(trial + 1, 0);
  return next_rung_[trial];
}

Next Asha::promotion() {
  for (std::size_t k = rungs_.size(); resumable_ && k-- > 0;) {
    const TrialId trial = rungs_[k].promotable();
    if (trial == kNoTrial) continue;
    rungs_[k].promote(trial);
    Next next;
    next.kind = Next::Kind::resume;
    next.trial = trial;
    next.until = until(k + 1);
    return next;
  }
  return {};
}

Next Asha::beginning() const {
  Next next;
  next.kind = Next::Kind::start;
  next.until = until(0);
  return next;
}

Next Asha::next(const History&, double, bool may_start) {
  const Next promoted = promotion();
  if (promoted.kind != Next::Kind::wait) return promoted;
  return may_start ? beginning() : Next{};
}

void Asha::on_start(const History&, const Trial& trial) {
  rung_of(trial.id) = 0;
}

Verdict Asha::on_report(const History& history, const Trial& trial, double) {
  std::size_t& rung = rung_of(trial.id);
  const Report& report = trial.reports.back();
  Verdict verdict;
  // A trial that reports seldom may pass several rungs at once: it counts in each, and is promoted by the
  // last.
  for (bool passed = false; rung < steps_.size() && report.step >= steps_[rung]; ++rung, passed = true) {
    const double loss = history.loss(report.values.front());
    if (passed) rungs_[rung - 1].promote(trial.id);
    rungs_[rung].add(trial.id, loss);
    if (resumable_) {
      verdict.decision = Decision::pause;
    } else if (!rungs_[rung].among_best(trial.id, loss)) {
      verdict.decision = Decision::stop;
    }
  }
  return verdict;
}

}  // namespace rankine::tune
