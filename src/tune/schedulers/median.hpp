// SPDX-License-Identifier: Apache-2.0
// The median stopping rule (Golovin et al. 2017, section 3.2.2): a trial whose best value so far is worse
// than the median of the running means of the others at the same step is stopped. Learns nothing from
// failures.
#pragma once

#include <map>
#include <set>
#include <vector>

#include <rankine/tune/schedulers.hpp>

namespace rankine::tune {

/// The median of numbers that come one by one. O(log n) a number.
class RunningMedian {
 public:
  void add(double value);
  std::size_t size() const { return low_.size() + high_.size(); }
  /// The lower one of the two in the middle where their number is even.
  double median() const { return *low_.rbegin(); }

 private:
  std::multiset<double> low_, high_;
};

class MedianStopping final : public Scheduler {
 public:
  explicit MedianStopping(const SchedulerOptions& options) : options_(options) {}
  std::string name() const override { return "median"; }
  Next next(const History& history, double now, bool may_start) override;
  Verdict on_report(const History& history, const Trial& trial, double now) override;
  void on_end(const History& history, const Trial& trial, double now) override;

 private:
  struct Progress {
    double sum = 0;
    double best = 0;
    std::size_t count = 0;
  };
  Step until(Step from) const;

  SchedulerOptions options_;
  std::vector<Progress> progress_;       ///< by trial
  std::map<Step, RunningMedian> means_;  ///< running means of losses at each step
  std::set<TrialId> paused_;
};

}  // namespace rankine::tune
