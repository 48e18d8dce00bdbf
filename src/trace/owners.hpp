// SPDX-License-Identifier: Apache-2.0
// From a task's number to what was submitted under it.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <unordered_map>

#include "trace/recording.hpp"

namespace rankine::trace {

/// Of a recording that outlives it.
class Owners {
 public:
  explicit Owners(const Recording& recording) {
    for (const Submission& submission : recording.submissions)
      if (!submission.range)
        singles_[number(submission.first)] = &submission;
      else
        ranges_[number(submission.first)] = &submission;
  }
  /// nullptr: none that was recorded.
  const Submission* of(TaskId id) const {
    if (const auto single = singles_.find(number(id)); single != singles_.end()) return single->second;
    const auto after = ranges_.upper_bound(number(id));
    if (after == ranges_.begin()) return nullptr;
    const Submission* range = std::prev(after)->second;
    return number(id) - number(range->first) < range->count ? range : nullptr;
  }

 private:
  std::unordered_map<std::uint64_t, const Submission*> singles_;
  std::map<std::uint64_t, const Submission*> ranges_;
};

}  // namespace rankine::trace
