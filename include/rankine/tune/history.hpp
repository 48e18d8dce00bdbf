// SPDX-License-Identifier: Apache-2.0
// All that samplers and schedulers may know: the space, the directions, the trials, which rows of a table are
// left. Only the study changes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <rankine/core/philox.hpp>
#include <rankine/tune/space.hpp>
#include <rankine/tune/trial.hpp>

namespace rankine::tune {

enum class Direction { minimise, maximise };

class History {
 public:
  History(Space space, std::vector<Direction> directions, std::uint64_t seed);

  const Space& space() const { return space_; }
  std::size_t objectives() const { return directions_.size(); }
  const std::vector<Direction>& directions() const { return directions_; }
  std::uint64_t seed() const { return seed_; }
  /// Of this study, in the order of their ids.
  const std::vector<Trial>& trials() const { return trials_; }
  const Trial& trial(TrialId id) const { return trials_[id]; }
  /// Of earlier studies (a warm start): ended, ids mean nothing here.
  const std::vector<Trial>& earlier() const { return earlier_; }
  /// In the order in which they began; paused ones are not among them.
  const std::vector<TrialId>& running() const { return running_; }
  /// In the order in which they ended with values: finished and stopped ones.
  const std::vector<TrialId>& ended() const { return ended_; }
  std::size_t paused_count() const { return paused_; }

  /// A value such that less is better; what is not a number counts as +infinity.
  double loss(double value, std::size_t objective = 0) const;
  /// Of the trial's final values; +infinity without.
  double loss(const Trial& trial, std::size_t objective = 0) const;
  /// The trial of least loss among finished ones, kNoTrial without.
  TrialId best() const { return best_; }
  /// Trials that have values, best first: finished ones, then the others, those that came further first;
  /// among equals the one of less loss, then the earlier one. Its first is best() where any has finished.
  std::vector<TrialId> ranking() const;

  /// Rows of a table that no trial of this study has had, in no particular but a reproducible order.
  const std::vector<std::uint32_t>& rows_left() const { return rows_left_; }

  /// The numbers for one purpose of one trial: equal on any rank, in any order of asking.
  Philox random(TrialId id, std::string_view purpose) const;

  // For the study only.
  Trial& begin(Configuration configuration);
  void set_state(TrialId id, TrialState state);
  Trial& change(TrialId id) { return trials_[id]; }
  void add_earlier(Trial trial);

 private:
  void take_row(std::int64_t row);

  Space space_;
  std::vector<Direction> directions_;
  std::uint64_t seed_;
  std::vector<Trial> trials_, earlier_;
  std::vector<TrialId> running_, ended_;
  std::size_t paused_ = 0;
  TrialId best_ = kNoTrial;
  std::vector<std::uint32_t> rows_left_, row_places_;
};

}  // namespace rankine::tune
