// SPDX-License-Identifier: Apache-2.0
// The losses of the trials that reached one rung, and which of them are among the best one of eta and were
// not yet promoted. O(log n) a trial.
#pragma once

#include <cstddef>
#include <set>
#include <utility>

#include <rankine/tune/trial.hpp>

namespace rankine::tune {

class Rung {
 public:
  explicit Rung(double eta) : eta_(eta) {}

  /// A trial reached the rung. Equal losses: the earlier trial is the better one.
  void add(TrialId trial, double loss);
  std::size_t size() const { return best_.size() + rest_.size(); }
  /// The best that may be promoted, kNoTrial if none. Infinite losses never are.
  TrialId promotable() const;
  void promote(TrialId trial);
  /// Whether a loss is among the best ceil(size / eta): for trials that run on while they are.
  bool among_best(TrialId trial, double loss) const;

 private:
  using Entry = std::pair<double, TrialId>;
  void balance();

  double eta_;
  std::set<Entry> best_;  ///< floor(size / eta) entries
  std::set<Entry> rest_;
  std::set<Entry> open_;  ///< of best_, not promoted
  std::set<TrialId> promoted_;
};

}  // namespace rankine::tune
