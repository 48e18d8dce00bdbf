// SPDX-License-Identifier: Apache-2.0
// A thread for what takes long and must not be done under the progress lock: disks, reads from other nodes'
// arenas. Started when first needed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace rankine::runtime {

class Offload {
 public:
  /// `ring` is called, on the thread, whenever something can be settled.
  explicit Offload(std::function<void()> ring) : ring_(std::move(ring)) {}
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;
  /// Ends the thread after the work it is at.
  ~Offload();

  /// Runs `work` on the thread, one after the other; then `then` is called by settle(). `work` must not
  /// throw.
  void post(std::function<void()> work, std::function<void()> then);
  /// Calls what has become due, with the progress lock held; returns how many.
  std::size_t settle();

 private:
  struct Item {
    std::function<void()> work;
    std::function<void()> then;
  };
  void run();

  std::function<void()> ring_;
  std::mutex mutex_;
  std::condition_variable bell_;
  std::deque<Item> waiting_;
  std::deque<Item> done_;
  std::atomic<bool> any_done_{false};
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace rankine::runtime
