// SPDX-License-Identifier: Apache-2.0
// What the head remembers of the gangs that run: a number for each, and when all members have returned. Only
// then nobody sends on the gang's communicator any more, and all may free it.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>

namespace rankine::runtime {

class GangDesk {
 public:
  struct Running {
    std::vector<Rank> members;  ///< in order
    std::uint32_t serial = 0;
    std::uint16_t attempt = 1;
    std::uint32_t returned = 0;
  };

  /// A new attempt; what was known of an earlier one is forgotten.
  const Running& begin(TaskId gang, std::uint16_t attempt, std::vector<Rank> members) {
    Running& running = running_[gang];
    running = {std::move(members), ++serials_, attempt, 0};
    return running;
  }
  const Running& at(TaskId gang) const { return running_.at(gang); }

  /// A member returned, well. The gang, if it was the last one (members: empty if not).
  Running returned(TaskId gang, std::uint16_t attempt) {
    const auto found = running_.find(gang);
    if (found == running_.end() || found->second.attempt != attempt) return {};
    if (++found->second.returned < found->second.members.size()) return {};
    Running over = std::move(found->second);
    running_.erase(found);
    return over;
  }
  /// A member failed or was lost, or the gang was cancelled: its communicator is never freed.
  void broken(TaskId gang, std::uint16_t attempt) {
    const auto found = running_.find(gang);
    if (found != running_.end() && found->second.attempt == attempt) running_.erase(found);
  }

 private:
  std::unordered_map<TaskId, Running> running_;
  std::uint32_t serials_ = 0;
};

}  // namespace rankine::runtime
