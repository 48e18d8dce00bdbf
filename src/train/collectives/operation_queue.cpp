// SPDX-License-Identifier: Apache-2.0
#include "train/collectives/operation_queue.hpp"

#include <utility>

namespace rankine::train {

OperationQueue::OperationQueue(bool background) {
  if (background) thread_ = std::thread([this] { work(); });
}

OperationQueue::~OperationQueue() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::uint64_t OperationQueue::add(std::function<void()> operation) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(operation));
    number = ++queued_;
  }
  if (thread_.joinable()) changed_.notify_all();
  return number;
}

void OperationQueue::wait(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  while (done_ < number) {
    if (error_) std::rethrow_exception(error_);
    if (!busy_ && !waiting_.empty()) {
      carry_out(lock);
    } else {
      changed_.wait(lock);
    }
  }
}

void OperationQueue::carry_out(std::unique_lock<std::mutex>& lock) {
  const std::function<void()> operation = std::move(waiting_.front());
  waiting_.pop_front();
  busy_ = true;
  lock.unlock();
  std::exception_ptr error;
  try {
    operation();
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  busy_ = false;
  if (error) {
    error_ = error;
    waiting_.clear();
  } else {
    ++done_;
  }
  changed_.notify_all();
}

void OperationQueue::work() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    if (!busy_ && !waiting_.empty() && !error_) {
      carry_out(lock);
    } else {
      changed_.wait(lock);
    }
  }
}

}  // namespace rankine::train
