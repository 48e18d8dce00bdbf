// SPDX-License-Identifier: Apache-2.0
// Runs jobs on the fibers of one thread: starts them, and goes on with those that were woken.
#pragma once

#include <deque>

#include "runtime/fiber.hpp"
#include "runtime/job.hpp"
#include "runtime/progress_mutex.hpp"

namespace rankine::runtime {

/// All calls are made with the progress lock held; it is released while a job runs.
class Executor {
 public:
  explicit Executor(FiberPool& fibers) : fibers_(fibers) {}

  /// Runs a new job until it waits or ends. `now` is a time not long ago.
  void start(Job& job, Lock& lock, Time now);
  bool has_ready() const { return !ready_.empty(); }
  /// Goes on with the job that was woken first.
  void go_on(Lock& lock, Time now);

  /// Called by a running job: back to whoever runs the executor, until wake(job).
  void suspend(Job& job, Lock& lock);
  void wake(Job& job) { ready_.push_back(&job); }

  /// The job that has the thread, or nullptr.
  Job* running() const { return running_; }
  /// When a job last ended or was suspended.
  Time last_switch() const { return last_switch_; }

 private:
  void resume(Job& job, Lock& lock, Time now);

  FiberPool& fibers_;
  std::deque<Job*> ready_;
  Job* running_ = nullptr;
  Time last_switch_;
};

}  // namespace rankine::runtime
