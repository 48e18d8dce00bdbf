// SPDX-License-Identifier: Apache-2.0
#include "runtime/sentinel.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <unistd.h>

#include <rankine/core/clock.hpp>

namespace rankine::runtime {

namespace {

/// How long the ranks may take to start together: where a rank of another node died meanwhile, nobody else
/// tells those who wait for it (MPI_Abort does not reach them under --enable-recovery).
constexpr Nanoseconds kStartTogether = 40 * kSecond;
/// How long the ranks may take to end together, and how long after the first of them has gone.
constexpr Nanoseconds kEndTogether = 60 * kSecond;
constexpr Nanoseconds kEndAfterFirst = 5 * kSecond;

}  // namespace

Sentinel::Sentinel(Rank self, const std::vector<Rank>& near, const std::vector<ProcessId>& processes,
                   Nanoseconds beat, std::function<void()> abort)
    : self_(self),
      beat_(beat),
      processes_(processes),
      abort_(std::move(abort)),
      start_deadline_(now() + kStartTogether),
      watched_(processes.size(), false) {
  for (const Rank rank : near) {
    const auto at = static_cast<std::size_t>(index(rank));
    // All are alive now: who seems not to be is a process whose number means nothing here.
    if (rank == self || !is_alive(processes_[at])) continue;
    watched_[at] = true;
    watch_.add(at, processes_[at]);
  }
  thread_ = std::thread([this] { keep_watch(); });
}

Sentinel::~Sentinel() {
  stop_ = true;
  watch_.ring();
  thread_.join();
}

void Sentinel::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
}

void Sentinel::listen(std::function<void()> ring) {
  const std::lock_guard lock(mutex_);
  ring_ = std::move(ring);
}

std::vector<Rank> Sentinel::take() {
  const std::lock_guard lock(mutex_);
  news_.store(false, std::memory_order_relaxed);
  return std::exchange(exited_, {});
}

void Sentinel::guard_end(int exit_code) {
  {
    const std::lock_guard lock(mutex_);
    ending_ = Ending{exit_code, now() + kEndTogether};
  }
  watch_.ring();
}

bool Sentinel::watches(Rank rank) const {
  return watched_[static_cast<std::size_t>(index(rank))];
}

bool Sentinel::fence(Rank rank) const {
  return watches(rank) && kill_process(processes_[static_cast<std::size_t>(index(rank))]);
}

void Sentinel::keep_watch() {
  while (!stop_) {
    const std::vector<std::size_t> exited = watch_.wait(beat_);
    if (stop_) return;
    const std::lock_guard lock(mutex_);
    if (ending_) {
      look_at_the_end(now(), !exited.empty());
      continue;
    }
    if (!released_ && now() >= start_deadline_) leave_start();
    note_exits(exited);
    news_.store(true, std::memory_order_relaxed);
    if (ring_) ring_();
  }
}

void Sentinel::note_exits(const std::vector<std::size_t>& exited) {
  for (const std::size_t rank : exited) {
    if (!released_) end_start(rank);
    exited_.push_back(Rank{static_cast<std::int32_t>(rank)});
  }
}

void Sentinel::end_start(std::size_t dead) const {
  std::fprintf(stderr,
               "rankine: rank %zu died while the ranks were starting, so rank %d leaves. Remedy: look for "
               "what ended it\n",
               dead, index(self_));
  std::fflush(nullptr);
  if (abort_) abort_();
  _exit(1);
}

void Sentinel::leave_start() const {
  std::fprintf(
      stderr,
      "rankine: the ranks did not start together within %.0f s, so rank %d leaves: one of them died, or "
      "cannot reach the others. Remedy: look for the first that left\n",
      static_cast<double>(kStartTogether) * 1e-9, index(self_));
  std::fflush(nullptr);
  _exit(1);
}

void Sentinel::look_at_the_end(Time t, bool somebody_left) {
  if (somebody_left) ending_->deadline = std::min(ending_->deadline, t + kEndAfterFirst);
  if (t >= ending_->deadline) _exit(ending_->exit_code);
}

}  // namespace rankine::runtime
