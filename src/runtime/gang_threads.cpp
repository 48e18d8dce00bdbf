// SPDX-License-Identifier: Apache-2.0
#include "runtime/gang_threads.hpp"

#include <sched.h>

#include <rankine/core/check.hpp>
#include <rankine/core/clock.hpp>

#include "runtime/crash_report.hpp"
#include "runtime/gang_member.hpp"

namespace rankine::runtime {

namespace {

/// The next gang often follows at once.
constexpr Nanoseconds kSpin = 50 * kMicrosecond;
/// After this others run first: whom this thread waits for may need its core.
constexpr Nanoseconds kYieldAfter = 5 * kMicrosecond;
/// Looks at the word between two at the clock.
constexpr int kLooks = 16;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

std::uint32_t await_change(const std::atomic<std::uint32_t>& word, std::uint32_t old, const Awake& awake) {
  const Time since = now();
  for (Nanoseconds waited = 0; waited < kSpin; waited = now() - since) {
    for (int i = 0; i < kLooks; ++i) {
      const std::uint32_t value = word.load(std::memory_order_acquire);
      if (value != old) return value;
      relax();
    }
    if (waited > kYieldAfter || awake.crowded()) sched_yield();
  }
  awake.change(-1);
  std::uint32_t value = word.load(std::memory_order_acquire);
  while (value == old) {
    word.wait(old, std::memory_order_acquire);
    value = word.load(std::memory_order_acquire);
  }
  awake.change(1);
  return value;
}

void GangThreads::join() {
  for (const auto& seat : seats_) {
    seat->over = true;
    seat->calls.fetch_add(1, std::memory_order_release);
    seat->calls.notify_one();
  }
  for (const auto& seat : seats_) seat->thread.join();
  seats_.clear();
}

void GangThreads::run(GangMember& member) {
  if (free_.empty()) {
    seats_.push_back(std::make_unique<Seat>());
    Seat* seat = seats_.back().get();
    seat->breakable.awake = awake_;
    free_.push_back(seat);
    seat->thread = std::thread([this, seat] { serve(*seat); });
  }
  Seat* seat = free_.back();
  free_.pop_back();
  seat->member = &member;
  seat->calls.fetch_add(1, std::memory_order_release);
  seat->calls.notify_one();
}

void GangThreads::give_back(GangMember& member) {
  Seat* seat = seat_of(member).get();
  seat->member = nullptr;
  free_.push_back(seat);
}

void GangThreads::abandon(GangMember& member) {
  std::unique_ptr<Seat>& seat = seat_of(member);
  seat->thread.detach();
  awake_.change(-1);
  static_cast<void>(seat.release());  // the thread's for ever
  seats_.erase(seats_.begin() + (&seat - seats_.data()));
}

std::unique_ptr<GangThreads::Seat>& GangThreads::seat_of(const GangMember& member) {
  for (auto& seat : seats_) {
    if (seat->member == &member) return seat;
  }
  fail_check("a gang's member runs on one of the threads");
}

void GangThreads::serve(Seat& seat) {
  const CrashStack crash_stack;
  const AwakeScope awake(awake_);
  for (std::uint32_t served = 0;; ++served) {
    await_change(seat.calls, served, awake_);
    if (seat.over) return;
    work_(*seat.member, seat.breakable);
  }
}

}  // namespace rankine::runtime
