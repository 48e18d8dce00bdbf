// SPDX-License-Identifier: Apache-2.0
// Who is running on a thread: the driver, a task, an actor's method, a gang member. What it submits is named
// after it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/runtime/context.hpp>

#include "runtime/running.hpp"

namespace rankine::runtime {

struct Holding;
struct Job;

struct TaskFrame {
  TaskId id = kDriver;
  TaskKey key{};
  std::uint64_t children = 0;  ///< submitted or put so far, elements counted one by one
  std::optional<Philox> random;
  Job* job = nullptr;  ///< what is suspended when it waits; nullptr: it has its thread to itself
  bool guest = false;  ///< on a thread that does not make progress while it waits (a gang member)
  const Holding* holding = nullptr;  ///< of resources; nullptr: what a plain task holds, the driver nothing
  const std::vector<ObjectId>* chain = nullptr;    ///< actors that wait for what is running; nullptr: none
  const std::atomic<bool>* interrupted = nullptr;  ///< somebody asked it to stop; nullptr: nobody can
  /// Refs in the result that is being packed: handles that die from now on must not be released before the
  /// head has heard of the result.
  const std::vector<ObjectId>* result_refs = nullptr;
  std::vector<detail::EntryHandle> held_until_sent;
  Running running;  ///< for a crash report

  /// The next name for `count` things.
  struct Names {
    ObjectId first;
    TaskKey key;
  };
  Names next(std::uint32_t count) {
    const std::uint64_t n = children + 1;
    children += count;
    return {child_id(id, n), child_key(key, n)};
  }
  /// As new, for another task.
  void begin(TaskId new_id, TaskKey new_key) {
    id = new_id;
    key = new_key;
    children = 0;
    random.reset();
  }
};

/// Makes `frame` the one of this thread while it lives.
class FrameScope {
 public:
  explicit FrameScope(TaskFrame& frame);
  ~FrameScope();
  FrameScope(const FrameScope&) = delete;
  FrameScope& operator=(const FrameScope&) = delete;

 private:
  TaskFrame* previous_;
};

/// Of this thread, which runs something of the runtime.
TaskFrame& thread_frame();
/// The same; nullptr on any other thread.
TaskFrame* thread_frame_or_null();

}  // namespace rankine::runtime
