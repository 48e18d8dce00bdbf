// SPDX-License-Identifier: Apache-2.0
// Population based training (Jaderberg et al. 2017): all members train for `interval` steps and pause. Before
// a member goes on, if it is among the worst it takes over the checkpoint of one of the best (exploit) and
// their configuration, perturbed (explore). Members that are behind go on first, so that few slots serve a
// large population. Decisions are taken when a member is resumed, never while it runs: checkpoints and
// reports are of the same step.
#pragma once

#include <vector>

#include <rankine/tune/schedulers.hpp>

namespace rankine::tune {

class PopulationBasedTraining final : public Scheduler {
 public:
  explicit PopulationBasedTraining(const SchedulerOptions& options) : options_(options) {}
  std::string name() const override { return "pbt"; }
  Next next(const History& history, double now, bool may_start) override;

 private:
  Step until(Step from) const;
  /// One of the best whose checkpoint the member takes, kNoTrial if it goes on with its own.
  TrialId source_for(const History& history, const Trial& member) const;

  SchedulerOptions options_;
};

/// The configuration of `from`, each hyperparameter multiplied by one of the factors (a range that has values
/// below or at 0: moved by a tenth of it; a choice or level: kept, or its neighbour) or drawn anew.
Configuration explore(const Space& space, const Configuration& from, const SchedulerOptions& options,
                      Philox& random);

}  // namespace rankine::tune
