// SPDX-License-Identifier: Apache-2.0
#include "runtime/offload.hpp"

#include <utility>

namespace rankine::runtime {

Offload::~Offload() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    bell_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Offload::post(std::function<void()> work, std::function<void()> then) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({std::move(work), std::move(then)});
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  bell_.notify_one();
}

std::size_t Offload::settle() {
  if (!any_done_.load(std::memory_order_relaxed)) return 0;
  std::deque<Item> due;
  {
    const std::lock_guard lock(mutex_);
    due.swap(done_);
    any_done_ = false;
  }
  for (Item& item : due) item.then();
  return due.size();
}

void Offload::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    bell_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    if (stop_) return;
    Item item = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    item.work();
    lock.lock();
    done_.push_back(std::move(item));
    any_done_ = true;
    lock.unlock();
    ring_();
    lock.lock();
  }
}

}  // namespace rankine::runtime
