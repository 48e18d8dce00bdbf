// SPDX-License-Identifier: Apache-2.0
// All that a recording knows of one task. Pure.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "trace/owners.hpp"
#include "trace/recording.hpp"
#include "trace/slices.hpp"

namespace rankine::trace {

/// Times are nanoseconds since the run began; -1: it has not happened.
struct Story {
  TaskId task{};
  const Submission* submission = nullptr;
  std::vector<const Slice*> attempts;  ///< that ended, in that order
  /// What it depends on, and when that ended.
  std::vector<std::pair<ObjectId, Nanoseconds>> depends_on;
  Nanoseconds ready = -1;
  Nanoseconds paused = 0;
  bool cancelled = false;
  bool ended = false;
  std::vector<WorkerLost> losses;  ///< after it was ready and before it ended
  double cpus_used = -1;           ///< between ready and its first start, of all CPUs
  std::uint64_t began_before = 0;  ///< tasks that began in that time
  std::uint64_t children = 0;
  std::vector<const Submission*> needed_by;
};

/// Answers many questions about one recording, which outlives it.
class Storyteller {
 public:
  explicit Storyteller(const Recording& recording);

  /// Of a task that was submitted; submission is nullptr where it was not.
  Story tell(TaskId task) const;
  /// When a task or all elements of what was submitted at once had ended; -1: not yet.
  Nanoseconds ended(ObjectId object) const;
  const Recording& recording() const { return recording_; }
  const Owners& owners() const { return owners_; }
  const std::vector<Slice>& slices() const { return slices_; }

 private:
  void tell_wait(Story& story) const;

  const Recording& recording_;
  Owners owners_;
  std::vector<Slice> slices_;
  std::unordered_map<std::uint64_t, std::vector<const Slice*>> by_submission_;  ///< by its first task
};

}  // namespace rankine::trace
