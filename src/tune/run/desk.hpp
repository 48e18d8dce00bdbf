// SPDX-License-Identifier: Apache-2.0
// An actor between trials that run and the driver: trials leave reports and find the decision about them, the
// driver fetches the ones and leaves the other. What it loses by a death comes with the trial's result.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <rankine/tune/trial_context.hpp>

namespace rankine::tune {

class Desk {
 public:
  using Reports = std::vector<std::pair<std::uint64_t, Report>>;  ///< by the number of the assignment

  /// The decision known so far.
  int report(std::uint64_t assignment, const Report& report) {
    reports_.emplace_back(assignment, report);
    return decision(assignment);
  }
  int decision(std::uint64_t assignment) {
    const auto found = decisions_.find(assignment);
    return found == decisions_.end() ? static_cast<int>(Decision::go_on) : found->second;
  }
  Reports take() { return std::exchange(reports_, {}); }
  void decide(std::uint64_t assignment, int decision) { decisions_[assignment] = decision; }
  void forget(std::uint64_t assignment) { decisions_.erase(assignment); }

 private:
  Reports reports_;
  std::map<std::uint64_t, int> decisions_;
};

}  // namespace rankine::tune
