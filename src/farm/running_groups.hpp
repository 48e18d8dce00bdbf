// SPDX-License-Identifier: Apache-2.0
// The process groups of the commands that run, in memory that a rank and its helper share: what the rank ends
// when its helper was killed and cannot do it any more.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>

namespace rankine::farm {

class RunningGroups {
 public:
  /// One a channel. Throws SystemError.
  explicit RunningGroups(std::size_t channels);
  ~RunningGroups();
  RunningGroups(const RunningGroups&) = delete;
  RunningGroups& operator=(const RunningGroups&) = delete;

  /// 0: nothing runs on this channel. Must be said while the number still belongs to the command.
  void note(std::size_t channel, pid_t group) { groups_[channel].store(group, std::memory_order_release); }
  void kill_all();

 private:
  std::size_t channels_;
  std::atomic<pid_t>* groups_;
};

}  // namespace rankine::farm
