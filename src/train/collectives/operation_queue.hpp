// SPDX-License-Identifier: Apache-2.0
// Operations of a group, carried out one after another in the order in which they were queued: by whoever
// waits for one, and, if wanted, by a thread of their own while the member computes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace rankine::train {

class OperationQueue {
 public:
  explicit OperationQueue(bool background);
  /// What has not begun is dropped. What is under way must be ended by the caller before.
  ~OperationQueue();
  OperationQueue(const OperationQueue&) = delete;
  OperationQueue& operator=(const OperationQueue&) = delete;

  /// Their numbers are 1, 2, 3...
  std::uint64_t add(std::function<void()> operation);
  /// Until operation `number` is over. After one has thrown nothing more is carried out, and all waits throw
  /// what it threw.
  void wait(std::uint64_t number);

 private:
  void carry_out(std::unique_lock<std::mutex>& lock);
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::uint64_t queued_ = 0;
  std::uint64_t done_ = 0;
  bool busy_ = false;
  bool ended_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace rankine::train
