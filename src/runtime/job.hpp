// SPDX-License-Identifier: Apache-2.0
// Something that runs on a fiber and may wait: a piece of tasks, a turn of an actor.
#pragma once

#include <atomic>

#include <rankine/core/time.hpp>

#include "runtime/frame.hpp"

namespace rankine::runtime {

class Executor;
class Fiber;
struct Waiter;

/// All but run() is called with the progress lock held.
struct Job {
  Job() {
    frame.job = this;
    frame.interrupted = &interrupted;
  }
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// On the fiber, without the lock.
  virtual void run() = 0;
  /// run() returned, its fiber is free again. May destroy the job.
  virtual void ended() = 0;
  /// It is about to wait; it goes on.
  virtual void blocked() = 0;
  virtual void unblocked() = 0;
  /// What it waited for is there. False: something else keeps it; whoever does will let it go on.
  virtual bool may_go_on() { return true; }
  /// It has its thread to itself for a while already. Called now and then by the ticking thread.
  virtual void still_running(Time now) = 0;

  Executor* executor = nullptr;  ///< once it runs
  Fiber* fiber = nullptr;        ///< once it runs
  TaskFrame frame;
  std::atomic<bool> interrupted{false};
  Waiter* waiting = nullptr;  ///< of an interruptible wait that it is suspended in
  std::int32_t threads = 1;   ///< of OpenMP inside it
  std::int32_t device = -1;   ///< of CUDA, made current on its thread; -1: none
  Time resumed_at;            ///< when it was last switched to
  Nanoseconds busy = 0;       ///< on a CPU so far
};

}  // namespace rankine::runtime
