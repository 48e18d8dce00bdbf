// SPDX-License-Identifier: Apache-2.0
// Asynchronous Hyperband: a bracket of ASHA for each first rung, so that configurations that begin slowly
// have their chance. New trials go to brackets in the proportions in which Hyperband begins them (Li et al.
// 2020, section 3.2).
#pragma once

#include <vector>

#include "tune/schedulers/asha.hpp"

namespace rankine::tune {

class AsyncHyperband final : public Scheduler {
 public:
  explicit AsyncHyperband(const SchedulerOptions& options);
  std::string name() const override { return "async-hyperband"; }
  Next next(const History& history, double now, bool may_start) override;
  void on_start(const History& history, const Trial& trial) override;
  Verdict on_report(const History& history, const Trial& trial, double now) override;

 private:
  std::vector<Asha> brackets_;
  std::vector<double> shares_;  ///< trials that Hyperband begins in each
  std::vector<double> started_;
  std::size_t chosen_ = 0;               ///< where the next new trial goes
  std::vector<std::size_t> bracket_of_;  ///< by trial
};

}  // namespace rankine::tune
