// SPDX-License-Identifier: Apache-2.0
// The ticking thread of a rank: while user code runs it answers mail every millisecond. When nothing has come
// for a while it sleeps until mail wakes it; while the whole rank sleeps it is at rest.
#include <algorithm>
#include <utility>

#include <rankine/core/clock.hpp>

#include "runtime/engine.hpp"

namespace rankine::runtime {

namespace {

constexpr Nanoseconds kTick = kMillisecond;
/// The longest time for which clocks are not looked at while somebody computes.
constexpr Nanoseconds kDozeMax = 50 * kMillisecond;

}  // namespace

void Engine::start_ticker() {
  tick_timer_.start(kTick);
  ticker_ = std::thread([this] { ticking(); });
}

void Engine::stop_ticker() {
  stop_ = true;
  tick_timer_.start(1);
  transport_.ring();
  ticker_.join();
}

void Engine::ticking() {
  TickPace pace;
  std::uint64_t last_polls = 0;
  while (!stop_) {
    leave_if_overdue();
    switch (pace.next(tick_once(last_polls))) {
      case TickPace::Then::tick:
        break;
      case TickPace::Then::doze:
        doze_ticker();
        if (ticker_state_.exchange(TickerState::ticks) == TickerState::dozes) continue;  // nobody roused it
        pace.begin();
        break;
      case TickPace::Then::rest:
        rest_ticker();
        pace.begin();
        break;
    }
    tick_timer_.wait();
  }
}

bool Engine::nobody_computes() const {
  const bool crew_from_start =
      head_ == nullptr || topology_.size() == 1;  // else looked at with the lock only
  return idle_ && !(crew_from_start && crew_->any_running());
}

TickPace::Saw Engine::tick_once(std::uint64_t& last_polls) {
  using enum TickPace::Saw;
  if (nobody_computes()) return idle;
  const std::uint64_t polls = polls_.load(std::memory_order_relaxed);
  const Lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return busy;
  const Time t = now();
  if (head_ != nullptr) head_->set_time(t);  // for what the driver submits between two looks at its mail
  if (crew_ != nullptr) crew_->still_running(t);
  if (std::exchange(last_polls, polls) != polls) return busy;
  if (Job* job = executor_.running()) job->still_running(t);
  keep_time(kNeverEnds);
  const bool mail = poll() > 0;
  if (mail) transport_.ring();  // the main thread may have gone to sleep meanwhile
  const bool silent = relief_.due(actor_caller_->calls_made());
  const bool waits = crew_ != nullptr && !main_looks() && (worker_->has_startable() || !posted_.empty());
  if (waits && (silent || posted_.empty())) crew_->relieve(!posted_.empty());
  // Where a sleeper is not woken by all mail, looking is all there is.
  return mail || waits || topology_.nodes() > 1 ? busy : quiet;
}

/// Nothing has come for a while, and somebody computes on: sleeps until mail comes, as an idle rank does.
void Engine::doze_ticker() {
  Lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() || somebody_sleeps_) return;
  ticker_state_ = TickerState::dozes;
  somebody_sleeps_ = true;
  tick_timer_.rest();
  if (poll() > 0) transport_.ring();  // what was sent before the state said who to rouse leaves now
  const Time t = now();
  const Nanoseconds rest = std::min(t + kDozeMax, next_alarm()) - t;
  lock.unlock();
  if (rest > 0) transport_.sleep(rest);
  lock.lock();
  somebody_sleeps_ = false;
  tick_timer_.start(kTick);
}

/// Until somebody computes. Whoever begins to says so first, and then looks whether this thread rests.
void Engine::rest_ticker() {
  tick_timer_.rest();
  ticker_state_ = TickerState::rests;
  if ((stop_ || !nobody_computes()) && ticker_state_.exchange(TickerState::ticks) == TickerState::rests) {
    tick_timer_.start(kTick);
  }
}

void Engine::start_ticks() {
  switch (ticker_state_.exchange(TickerState::ticks)) {
    case TickerState::ticks:
      return;
    case TickerState::dozes:
      return transport_.ring();
    case TickerState::rests:
      return tick_timer_.start(kTick);
  }
}

}  // namespace rankine::runtime
