// SPDX-License-Identifier: Apache-2.0
#include "train/collectives/meeting.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>
#include <utility>

#include "train/collectives/broken.hpp"
#include "train/collectives/patience.hpp"

namespace rankine::train {

namespace {

constexpr long kSleepNanoseconds = 2'000'000;  // between two looks at whether the group is over

std::uint32_t* address(std::atomic<std::uint32_t>& word) {
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  return reinterpret_cast<std::uint32_t*>(&word);
}

}  // namespace

Meeting::Meeting(std::vector<MeetingWord*> words, std::size_t member, std::function<bool()> over,
                 std::function<void()> progress)
    : words_(std::move(words)), member_(member), over_(std::move(over)), progress_(std::move(progress)) {}

void Meeting::meet() {
  ++count_;
  MeetingWord& own = *words_[member_];
  own.count.store(count_, std::memory_order_seq_cst);
  if (own.sleepers.load(std::memory_order_seq_cst) > 0)
    syscall(SYS_futex, address(own.count), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  for (MeetingWord* word : words_) wait_for(*word);
}

void Meeting::wait_for(MeetingWord& word) const {
  Patience patience;
  for (;;) {
    const std::uint32_t seen = word.count.load(std::memory_order_acquire);
    if (static_cast<std::int32_t>(seen - count_) >= 0) return;
    if (over_()) throw_broken();
    if (!patience.exhausted()) {
      patience.pause();
      continue;
    }
    progress_();
    word.sleepers.fetch_add(1, std::memory_order_seq_cst);
    const timespec most{0, kSleepNanoseconds};
    if (word.count.load(std::memory_order_seq_cst) == seen)
      syscall(SYS_futex, address(word.count), FUTEX_WAIT, seen, &most, nullptr, 0);
    word.sleepers.fetch_sub(1, std::memory_order_seq_cst);
  }
}

}  // namespace rankine::train
