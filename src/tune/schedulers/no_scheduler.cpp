// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/scheduler.hpp>

namespace rankine::tune {

Next NoScheduler::next(const History& history, double, bool may_start) {
  Next next;
  if (history.paused_count() > 0) {
    for (const Trial& trial : history.trials()) {
      if (trial.state != TrialState::paused) continue;
      next.kind = Next::Kind::resume;
      next.trial = trial.id;
      return next;
    }
  }
  if (may_start) next.kind = Next::Kind::start;
  return next;
}

}  // namespace rankine::tune
