// SPDX-License-Identifier: Apache-2.0
// A piece of work on the rank that runs it: one task, or a slice of a range.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/call.hpp>

#include "runtime/account.hpp"
#include "runtime/arguments.hpp"
#include "runtime/blob.hpp"
#include "runtime/job.hpp"
#include "runtime/messages.hpp"

namespace rankine::runtime {

class Worker;

/// Elements that are still to be run: taken one by one from the front by the executor, cut off from the back
/// by a recall. Both ends live in one word.
class Cursor {
 public:
  void reset(std::uint32_t count) { word_.store(count, std::memory_order_relaxed); }

  /// The next element, or -1.
  std::int64_t take() {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    for (;;) {
      const auto next = static_cast<std::uint32_t>(word >> 32);
      if (next >= static_cast<std::uint32_t>(word)) return -1;
      if (word_.compare_exchange_weak(word, word + (std::uint64_t{1} << 32))) return next;
    }
  }
  /// Cuts off what was not taken; returns where it began (the new end) and how many there were.
  std::pair<std::uint32_t, std::uint32_t> cut() {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    for (;;) {
      const auto next = static_cast<std::uint32_t>(word >> 32);
      const auto end = static_cast<std::uint32_t>(word);
      if (word_.compare_exchange_weak(word, std::uint64_t{next} << 32 | next)) return {next, end - next};
    }
  }
  std::uint32_t end() const { return static_cast<std::uint32_t>(word_.load(std::memory_order_relaxed)); }

 private:
  std::atomic<std::uint64_t> word_{0};  ///< next << 32 | end
};

struct Piece final : Job {
  explicit Piece(Worker& owner) : worker(owner) {}
  void run() override;
  void ended() override;
  void blocked() override;
  void unblocked() override;
  void still_running(Time now) override;

  Worker& worker;
  TaskId first{};
  TaskKey key{};              ///< of the submission
  std::uint32_t element = 0;  ///< of `first` in the submission
  bool range = false;
  bool cut = false;
  bool awaited = false;  ///< other tasks wait for its end
  std::uint16_t attempt = 1;
  scheduler::Ticket ticket{};  ///< comes back with its end
  FunctionId function{};
  const ClassDemand* demand = nullptr;  ///< nullptr: plain
  Holding holding;                      ///< of what is not plain
  Cursor cursor;
  Blob* arguments = nullptr;
  std::vector<Blob*> dependencies;
  bool announced = false;  ///< Started was sent
  ArgumentsView view;
  std::uint32_t results = 0;
  std::vector<std::byte> bodies;  ///< packed Bodies of the results
  std::vector<InsideRecord> inside;
};

}  // namespace rankine::runtime
