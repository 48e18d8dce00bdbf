// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor.hpp"

#include <utility>

#include <rankine/core/clock.hpp>

#include "runtime/gpu_devices.hpp"
#include "runtime/openmp.hpp"

namespace rankine::runtime {

void Executor::start(Job& job, Lock& lock, Time now) {
  job.executor = this;
  job.fiber = fibers_.take();
  job.fiber->assign([](void* argument) { static_cast<Job*>(argument)->run(); }, &job);
  resume(job, lock, now);
}

void Executor::go_on(Lock& lock, Time now) {
  Job& job = *ready_.front();
  ready_.pop_front();
  job.unblocked();
  resume(job, lock, now);
}

void Executor::resume(Job& job, Lock& lock, Time now) {
  running_ = &job;
  job.resumed_at = now;
  bool ended = false;
  {
    const FrameScope scope(job.frame);
    const OpenMpThreads threads(job.threads);
    lock.unlock();
    ended = job.fiber->resume();
    lock.lock();
  }
  running_ = nullptr;
  last_switch_ = rankine::now();
  job.busy += last_switch_ - job.resumed_at;
  if (!ended) return;
  std::vector<detail::EntryHandle> held = std::exchange(job.frame.held_until_sent, {});
  fibers_.give_back(std::exchange(job.fiber, nullptr));
  job.ended();
  if (held.empty()) return;
  lock.unlock();  // dropping handles takes the lock
  held.clear();
  lock.lock();
}

void Executor::suspend(Job& job, Lock& lock) {
  job.blocked();
  lock.unlock();
  job.fiber->suspend();
  if (job.device >= 0) use_gpu_device(job.device);  // others used this thread meanwhile
  lock.lock();
}

}  // namespace rankine::runtime
