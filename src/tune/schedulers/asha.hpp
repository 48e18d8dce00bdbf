// SPDX-License-Identifier: Apache-2.0
// Asynchronous successive halving (Li et al., MLSys 2020, algorithm 2): whoever is free promotes the best
// trial that is among the best one of eta of its rung, highest rung first, or begins a new one. No slot ever
// waits. Where trials cannot be resumed they run on while they are among the best (the paper's section 3.3
// names this the stopping form). Never reads values that are not at a rung.
#pragma once

#include <vector>

#include <rankine/tune/schedulers.hpp>

#include "tune/schedulers/rung.hpp"

namespace rankine::tune {

class Asha final : public Scheduler {
 public:
  /// The first rung is at options.step_min.
  explicit Asha(const SchedulerOptions& options);
  std::string name() const override { return "asha"; }
  Next next(const History& history, double now, bool may_start) override;
  void on_start(const History& history, const Trial& trial) override;
  Verdict on_report(const History& history, const Trial& trial, double now) override;

  /// A trial to be promoted now, or a `wait`.
  Next promotion();
  /// A new trial, as far as the first rung.
  Next beginning() const;

 private:
  Step until(std::size_t rung) const;
  std::size_t& rung_of(TrialId trial);

  bool resumable_;
  std::vector<Step> steps_;
  std::vector<Rung> rungs_;
  std::vector<std::size_t> next_rung_;  ///< of each trial: the one that it has not reached
};

}  // namespace rankine::tune
