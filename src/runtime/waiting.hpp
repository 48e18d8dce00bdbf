// SPDX-License-Identifier: Apache-2.0
// What those who wait need of the rank they live on.
#pragma once

#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>
#include <rankine/runtime/statistics.hpp>

#include "runtime/entry.hpp"
#include "runtime/progress_mutex.hpp"

namespace rankine::runtime {

/// `lock` is the progress lock.
class Waiting {
 public:
  virtual ProgressMutex& progress_mutex() = 0;
  /// Makes progress on this thread until waiter.remaining is 0 or the time is over (< 0: never).
  virtual void block(Waiter& waiter, Nanoseconds timeout_ns, Lock& lock) = 0;
  /// The waiter's last event came.
  virtual void wake(Waiter& waiter) = 0;
  /// Something was sent; publish it soon.
  virtual void sent() = 0;
  /// Before a submission: waits while too much is pending already. False: the run drains, and that will not
  /// end.
  virtual bool hold_back(std::uint32_t count, std::size_t bytes, Lock& lock) = 0;
  /// A queued task of this rank is awaited.
  virtual void promote(ObjectId awaited) = 0;
  virtual Statistics statistics() = 0;
  /// Whether the driver or a task computes on this rank now.
  virtual bool computing() = 0;

 protected:
  ~Waiting() = default;
};

}  // namespace rankine::runtime
