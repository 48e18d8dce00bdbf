// SPDX-License-Identifier: Apache-2.0
// The three placements as loops of the driver, and what they share: when to report, when to write a
// checkpoint.
#pragma once

#include <rankine/core/clock.hpp>

#include "rl/learn/learner.hpp"
#include "rl/placement/state.hpp"

namespace rankine::rl::placement {

/// The driver's side of a run.
class Desk {
 public:
  Desk(const TrainOptions& options, learn::Learner& learner)
      : options_(options), learner_(learner), reported_(now()), written_(now()) {}

  bool checkpoint_is_due() const {
    return !options_.checkpoint.empty() && seconds_since(written_) >= options_.checkpoint_seconds;
  }
  /// The shards' states go with the learner's present one.
  void write(std::vector<std::vector<std::byte>> shards);
  void report(bool last = false);

 private:
  const TrainOptions& options_;
  learn::Learner& learner_;
  Time reported_;
  Time written_;
};

/// Each goes on from `learner` and `state` to the end of the run, and returns how many workers it had.
int train_centrally(const TrainOptions& options, int workers, learn::Learner& learner, const RunState& state);
int train_decentrally(const TrainOptions& options, int workers, learn::Learner& learner,
                      const RunState& state);
int train_asynchronously(const TrainOptions& options, int workers, learn::Learner& learner,
                         const RunState& state);

}  // namespace rankine::rl::placement
