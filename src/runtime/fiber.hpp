// SPDX-License-Identifier: Apache-2.0
// Fibers (Boost.Context) on which tasks run, so that a task which waits gives its thread to others. One
// switch function saves what the C++ runtime keeps per thread (the stack of caught exceptions) and tells the
// sanitizers. A fiber never changes threads. Fibers and their stacks are pooled: a fresh guarded stack costs
// 10 us, a pooled 40 ns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace rankine::runtime {

/// Thrown out of suspend() on a fiber that is being destroyed, to unwind the task on it. Not for users to
/// catch.
struct FiberClosed {};

/// One fiber. It runs its job to the end, possibly suspended in between, and goes back to the pool.
class Fiber {
 public:
  explicit Fiber(std::size_t stack_bytes);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Called on the thread's own stack: runs the job until it suspends or ends; true when it ended.
  bool resume();
  /// Called on the fiber: back to whoever resumed it. Throws FiberClosed when the fiber is being destroyed.
  void suspend();

  /// What guards its stack: an access there ends the process. A page alone would be jumped over by functions
  /// with much on the stack, into the stack of somebody else.
  static constexpr std::size_t kGuardBytes = 64 << 10;
  /// The lowest byte of its stack above the guard; bytes from there to the top.
  const char* stack_low() const;
  std::size_t stack_bytes() const;

  /// The next job; runs at the first resume().
  void assign(void (*job)(void*), void* argument) {
    job_ = job;
    argument_ = argument;
  }

 private:
  struct Machinery;
  void run();
  void suspend_quietly();

  void (*job_)(void*) = nullptr;
  void* argument_ = nullptr;
  bool started_ = false;
  bool ended_ = true;
  bool closing_ = false;
  std::unique_ptr<Machinery> machinery_;
};

class FiberPool {
 public:
  /// At most `fibers_max` live at once: two mappings each, below vm.max_map_count.
  FiberPool(std::size_t stack_bytes, std::size_t fibers_max);
  ~FiberPool();

  /// Throws Error naming the limit and the remedy when too many tasks wait at once.
  Fiber* take();
  void give_back(Fiber* fiber);
  /// Unwinds what is suspended; nothing is taken any more.
  void close() {
    free_.clear();
    all_.clear();
  }
  std::size_t live() const { return all_.size() - free_.size(); }

 private:
  std::size_t stack_bytes_;
  std::size_t fibers_max_;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> free_;
};

/// A third of vm.max_map_count, the kernel's limit on mappings of a process.
std::size_t default_fibers_max();

}  // namespace rankine::runtime
