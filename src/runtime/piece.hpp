// SPDX-License-Identifier: Apache-2.0
// A piece of work on the rank that runs it: one task, or a slice of a range.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/core/time.hpp>
#include <rankine/runtime/call.hpp>
#include <rankine/runtime/context.hpp>

#include "runtime/arguments.hpp"
#include "runtime/blob.hpp"
#include "runtime/messages.hpp"

namespace rankine::runtime {

class Fiber;
class Worker;
struct Piece;

/// Who is running: the driver, or one element of a piece. What it submits is named after it.
struct TaskFrame {
  TaskId id = kDriver;
  TaskKey key{};
  std::uint64_t children = 0;  ///< submitted or put so far, elements counted one by one
  std::optional<Philox> random;
  Piece* piece = nullptr;  ///< nullptr: the driver
  /// Refs in the result that is being packed: handles that die from now on must not be released before the
  /// head has heard of the result.
  const std::vector<ObjectId>* result_refs = nullptr;

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
};

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

struct Piece {
  TaskId first{};
  TaskKey key{};              ///< of the submission
  std::uint32_t element = 0;  ///< of `first` in the submission
  bool range = false;
  bool cut = false;
  std::uint16_t attempt = 1;
  FunctionId function{};
  Cursor cursor;
  Blob* arguments = nullptr;
  std::vector<Blob*> dependencies;
  std::vector<ObjectGroup> dependency_groups;

  Worker* worker = nullptr;
  Fiber* fiber = nullptr;  ///< once it runs
  TaskFrame frame;
  std::atomic<bool> interrupted{false};
  std::atomic<bool> announced{false};  ///< Started was sent
  Time resumed_at;                     ///< when it was last switched to
  Nanoseconds busy = 0;
  ArgumentsView view;
  std::uint32_t results = 0;
  std::vector<std::byte> bodies;  ///< packed Bodies of the results
  std::vector<InsideRecord> inside;
  std::vector<detail::EntryHandle> held_until_sent;
};

}  // namespace rankine::runtime
