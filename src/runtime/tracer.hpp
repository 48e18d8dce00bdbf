// SPDX-License-Identifier: Apache-2.0
// What the head's trace says of the events that the scheduler is given.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "scheduler/scheduler.hpp"
#include "store/block_table.hpp"
#include "trace/recorder.hpp"

namespace rankine::runtime {

/// With the progress lock held.
class Tracer {
 public:
  /// `begun`: of the run. Throws InputError, SystemError.
  Tracer(const std::string& path, const trace::Begin& begin, Time begun,
         const scheduler::Scheduler& scheduler)
      : scheduler_(scheduler), recorder_({.path = path}, begin, begun) {}

  /// Before it is handled.
  void on(const scheduler::Event& event, Time at);
  /// The driver had to wait from `began` until now; for `first`: see trace::Waited.
  void waited(ObjectId first, std::uint32_t count, Time began, Time ended);
  /// The next submission has a key by which people and the journal know it.
  void keyed(TaskKey key) { key_ = static_cast<std::uint64_t>(key); }
  void breathe(Time now) { recorder_.breathe(now); }
  /// True once a second: how the objects' memory stands shall be noted.
  bool wants_memory(Time now) const { return now - memory_at_ >= kSecond; }
  void note(const StoreCounters& counters, Time now);
  void driver_left(Time at) { driver_left_ = recorder_.since_begin(at); }
  void end(Time at) { recorder_.end(driver_left_, recorder_.since_begin(at)); }

 private:
  void take(const scheduler::Submitted& event, Nanoseconds at);
  void take(const scheduler::GangSubmitted& event, Nanoseconds at);
  void take(const scheduler::Finished& event, Nanoseconds at);
  void take(const scheduler::Blocked& event, Nanoseconds at);
  void take(const scheduler::Unblocked& event, Nanoseconds at);
  void take(const scheduler::WorkerJoined& event, Nanoseconds at);
  void take(const scheduler::WorkerLost& event, Nanoseconds at);
  void take(const scheduler::CancelRequested& event, Nanoseconds at);
  void note_failure(TaskId task, const scheduler::Value& packed, Nanoseconds at);
  template <class Other>
  void take(const Other&, Nanoseconds) {}
  template <class E>
  void note_submission(const E& event, TaskId first, Nanoseconds at);

  const scheduler::Scheduler& scheduler_;
  trace::Recorder recorder_;
  trace::Submission submission_;  ///< for reuse
  std::uint64_t key_ = 0;         ///< of the next submission; 0: none
  Time memory_at_{};
  std::uint32_t failures_ = 0;
  Nanoseconds driver_left_ = 0;
};

}  // namespace rankine::runtime
