// SPDX-License-Identifier: Apache-2.0
// Where the processes of a node meet: nobody goes on before all are there. A word of shared memory a member,
// which counts its meetings, and on which others sleep.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace rankine::train {

struct alignas(64) MeetingWord {
  std::atomic<std::uint32_t> count;
  std::atomic<std::uint32_t> sleepers;
};

class Meeting {
 public:
  /// Words of all members, 0 at first. `over` is asked during waits, which then end by GangBroken. `progress`
  /// is called before each sleep of at most 2 ms: another member may wait for what this process has to do.
  Meeting(
      std::vector<MeetingWord*> words, std::size_t member, std::function<bool()> over,
      std::function<void()> progress = [] {});

  void meet();

 private:
  void wait_for(MeetingWord& word) const;

  std::vector<MeetingWord*> words_;
  std::size_t member_;
  std::function<bool()> over_;
  std::function<void()> progress_;
  std::uint32_t count_ = 0;
};

}  // namespace rankine::train
