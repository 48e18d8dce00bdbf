// SPDX-License-Identifier: Apache-2.0
#include "tune/schedulers/hyperband.hpp"

#include <algorithm>
#include <cmath>

namespace rankine::tune {

Hyperband::Hyperband(std::string name, const SchedulerOptions& options)
    : name_(std::move(name)),
      brackets_(hyperband_brackets(options.step_min, options.eta, options.steps_max)) {}

Step Hyperband::until(const Round& round) const {
  return round.rung + 1 < round.shape->steps.size() ? round.shape->steps[round.rung] : kLastStep;
}

Next Hyperband::next(const History&, double, bool may_start) {
  Next next;
  const auto start_in = [&](std::size_t index) {
    chosen_ = index;
    next.kind = Next::Kind::start;
    next.until = until(rounds_[index]);
    return next;
  };
  for (std::size_t k = first_; k < rounds_.size(); ++k) {
    Round& round = rounds_[k];
    if (!may_start && round.to_start > 0) {  // it goes on with the trials that it has
      round.to_start = 0;
      close_rung(round);
    }
    if (!round.promoted.empty()) {
      next.kind = Next::Kind::resume;
      next.trial = round.promoted.front();
      next.until = until(round);
      round.promoted.pop_front();
      ++round.running;
      round_of_[next.trial] = k;
      return next;
    }
    if (round.to_start > 0) return start_in(k);
  }
  while (first_ < rounds_.size() && rounds_[first_].running == 0 && rounds_[first_].promoted.empty())
    ++first_;
  if (!may_start) return next;
  Round round;
  round.shape = &brackets_[rounds_.size() % brackets_.size()];
  round.to_start = round.shape->trials.front();
  rounds_.push_back(std::move(round));
  return start_in(rounds_.size() - 1);
}

void Hyperband::on_start(const History&, const Trial& trial) {
  Round& round = rounds_[chosen_];
  --round.to_start;
  ++round.running;
  round_of_.resize(trial.id + 1, kNowhere);
  round_of_[trial.id] = chosen_;
}

Verdict Hyperband::on_report(const History& history, const Trial& trial, double) {
  const std::size_t index = round_of_[trial.id];
  Verdict verdict;
  if (index == kNowhere || trial.reports.back().step < until(rounds_[index])) return verdict;
  rounds_[index].arrived.emplace_back(history.loss(trial.reports.back().values.front()), trial.id);
  verdict.decision = Decision::pause;
  leave(trial.id);
  return verdict;
}

void Hyperband::on_end(const History&, const Trial& trial, double) {
  leave(trial.id);  // it ended by itself before the rung, or at the end of its last part
}

void Hyperband::leave(TrialId trial) {
  const std::size_t index = std::exchange(round_of_[trial], kNowhere);
  if (index == kNowhere) return;
  Round& round = rounds_[index];
  --round.running;
  close_rung(round);
}

void Hyperband::close_rung(Round& round) {
  if (round.running > 0 || round.to_start > 0 || !round.promoted.empty()) return;
  if (round.rung + 1 >= round.shape->steps.size()) return;
  // As many as the bracket says, or the same share of those that there are when fewer began.
  const double share = static_cast<double>(round.shape->trials[round.rung + 1]) /
                       static_cast<double>(round.shape->trials[round.rung]);
  const auto keep =
      static_cast<std::size_t>(std::max(1.0, std::round(share * static_cast<double>(round.arrived.size()))));
  std::sort(round.arrived.begin(), round.arrived.end());
  for (std::size_t k = 0; k < std::min(keep, round.arrived.size()); ++k) {
    if (std::isfinite(round.arrived[k].first)) round.promoted.push_back(round.arrived[k].second);
  }
  round.arrived.clear();
  ++round.rung;
}

}  // namespace rankine::tune
