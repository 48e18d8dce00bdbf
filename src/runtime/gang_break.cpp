// SPDX-License-Identifier: Apache-2.0
#include "runtime/gang_break.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include <sched.h>

#include <rankine/core/error.hpp>

namespace rankine::runtime {

namespace {

thread_local Breakable* thread_member = nullptr;

/// MPI answers within microseconds when the others are there; then whom we wait for may need this core.
constexpr int kLooksBeforeClock = 32;
constexpr Nanoseconds kSpin = 50 * kMicrosecond;
constexpr Nanoseconds kShortSpin = 5 * kMicrosecond;
constexpr Nanoseconds kYield = 2 * kMillisecond;
constexpr Nanoseconds kShortYield = 200 * kMicrosecond;
constexpr Nanoseconds kNap = 20 * kMicrosecond;
constexpr Nanoseconds kNapMax = 500 * kMicrosecond;

}  // namespace

Breakable* breakable() {
  return thread_member;
}

BreakableScope::BreakableScope(Breakable& member) {
  thread_member = &member;
}
BreakableScope::~BreakableScope() {
  thread_member = nullptr;
}

void Breakable::fail() {
  throw GangBroken(
      "rankine: the gang is broken: a member was lost or threw, or the gang was cancelled or is over its "
      "time");
}

BouncePool::Lent BouncePool::take(std::size_t bytes) {
  const auto fits = [bytes](const Lent& lent) { return lent.bytes >= bytes; };
  const auto found = std::find_if(kept_.begin(), kept_.end(), fits);
  if (found == kept_.end()) return {std::make_unique_for_overwrite<std::byte[]>(bytes), bytes};
  Lent lent = std::move(*found);
  kept_.erase(found);
  return lent;
}

void BouncePool::give_back(Lent&& lent) {
  if (lent.bytes <= kKeepBytes && kept_.size() < kKeepMax) kept_.push_back(std::move(lent));
}

void Patience::pause() {
  if (++looks_ < kLooksBeforeClock) return;
  const Time t = now();
  if (looks_ == kLooksBeforeClock) since_ = t;
  const bool crowded = awake_.crowded();
  const Nanoseconds waited = t - since_;
  if (waited < (crowded ? kShortSpin : kSpin)) return;
  if (waited < (crowded ? kShortYield : kYield)) {
    sched_yield();
    return;
  }
  nap();
}

void Patience::nap() {
  nap_ = std::min(kNapMax, nap_ == 0 ? kNap : 2 * nap_);
  const timespec time{0, nap_};
  awake_.change(-1);
  nanosleep(&time, nullptr);
  awake_.change(1);
}

}  // namespace rankine::runtime
