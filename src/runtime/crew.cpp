// SPDX-License-Identifier: Apache-2.0
#include "runtime/crew.hpp"

#include <algorithm>
#include <utility>

#include <sched.h>

#include <rankine/core/clock.hpp>

#include "runtime/context_scope.hpp"
#include "runtime/crash_report.hpp"

namespace rankine::runtime {

namespace {

/// How long a thread that ran out of work looks for more before it sleeps.
constexpr Nanoseconds kSpin = 50 * kMicrosecond;

}  // namespace

// The main thread's fibers may use two thirds of the mappings that the kernel allows; the crew shares a
// sixth.
Crew::Crew(CrewWork& work, std::size_t members, std::size_t stack_bytes)
    : work_(work),
      members_max_(members),
      stack_bytes_(stack_bytes),
      fibers_max_(std::max<std::size_t>(64, default_fibers_max() / 4 / (members + 1))) {}

Crew::~Crew() {
  stop();
}

void Crew::stop() {
  {
    const Lock lock(work_.progress_mutex());
    stop_ = true;
    for (const auto& member : members_) member->bell.notify_all();
    work_.ring();
  }
  for (const auto& member : members_) {
    if (member->thread.joinable()) member->thread.join();
  }
}

bool Crew::busy() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->executor.running() != nullptr; });
}

void Crew::still_running(Time now) {
  for (const auto& member : members_) {
    if (Job* job = member->executor.running()) job->still_running(now);
  }
}

void Crew::note_looking(const Member& member, bool looks) {
  if (member.spare) {
    spare_looks_ = looks;
  } else {
    looking_ += looks ? 1 : ~std::size_t{0};
  }
}

void Crew::notice(Executor& executor) {
  for (const auto& member : members_) {
    if (&member->executor != &executor) continue;
    if (!member->asleep) return work_.ring();  // it may sleep for mail
    member->asleep = false;
    note_looking(*member, true);
    member->bell.notify_one();
  }
}

void Crew::relieve(bool posted) {
  if (looking_ > 0) return work_.ring();
  if (wake(false) || !posted) return;
  if (spare_looks_) return work_.ring();
  wake(true);
}

/// One that sleeps, or a new one; false if there may be no more.
bool Crew::wake(bool spare) {
  if (stop_) return true;
  for (const auto& member : members_) {
    if (!member->asleep || member->spare != spare) continue;
    member->asleep = false;
    note_looking(*member, true);
    member->bell.notify_one();
    return true;
  }
  if (spare ? have_spare_ : regular_ >= members_max_) return false;
  add_member(spare);
  return true;
}

void Crew::add_member(bool spare) {
  members_.push_back(std::make_unique<Member>(stack_bytes_, fibers_max_, spare));
  if (spare) {
    have_spare_ = true;
  } else {
    ++regular_;
  }
  Member& member = *members_.back();
  note_looking(member, true);
  member.thread = std::thread([this, &member] { run(member); });
}

void Crew::run(Member& me) {
  const CrashStack crash_stack;
  const ContextScope scope(work_.task_context(), me.frame);
  Lock lock(work_.progress_mutex());
  work_.count_awake(1);
  Time idle_since = now();
  while (!stop_) {
    work_.look_at_mail();
    if (run_one(me, lock)) {
      idle_since = now();
    } else if (needless(me)) {
      rest(me, lock);
      idle_since = now();
    } else if (now() - idle_since < kSpin) {
      lock.unlock();
      sched_yield();
      lock.lock();
    } else {
      work_.sleep_for_mail(lock);
    }
  }
  work_.count_awake(-1);
  lock.unlock();
  me.fibers.close();
}

/// Somebody else looks at the mail.
bool Crew::needless(const Member& member) {
  if (work_.main_looks()) return true;
  return member.spare ? looking_ > 0 : looking_ > 1;
}

/// One job, until it waits or ends. False if there is none.
bool Crew::run_one(Member& me, Lock& lock) {
  const bool woken = me.executor.has_ready();
  Job* job = woken ? nullptr : work_.take_job(!me.spare);
  if (!woken && job == nullptr) return false;
  note_looking(me, false);
  running_.fetch_add(1);  // before a look whether the ticking thread rests
  work_.before_job();
  if (woken) {
    me.executor.go_on(lock, now());
  } else {
    me.executor.start(*job, lock, now());
  }
  running_.fetch_sub(1, std::memory_order_relaxed);
  note_looking(me, true);
  return true;
}

/// Until somebody wakes it.
void Crew::rest(Member& me, Lock& lock) {
  me.asleep = true;
  note_looking(me, false);
  work_.count_awake(-1);
  me.bell.wait(lock, [&] { return !me.asleep || stop_; });
  work_.count_awake(1);
  if (std::exchange(me.asleep, false)) note_looking(me, true);  // nobody woke it: the end
}

}  // namespace rankine::runtime
