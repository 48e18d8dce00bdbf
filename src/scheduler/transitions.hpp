// SPDX-License-Identifier: Apache-2.0
// Which events a piece may meet in which state, as data. A stale event changes nothing; an impossible one is
// a bug of this floor or of its shell and ends the process with the history.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "scheduler/records.hpp"

namespace rankine::scheduler {

enum class PieceEvent : std::uint8_t {
  dispatched,
  activated,
  started,
  finished,
  blocked,
  unblocked,
  recalled,
  cancelled,
  timed_out,
  worker_lost,
};
inline constexpr std::size_t kPieceEvents = 10;

enum class Verdict : std::uint8_t { allowed, stale, impossible };

Verdict verdict(PieceState state, PieceEvent event);
const char* to_text(PieceState state);
const char* to_text(PieceEvent event);

/// The last transitions, for the report of a broken table.
class History {
 public:
  void note(ObjectId task, PieceState state, PieceEvent event) {
    ring_[next_++ % ring_.size()] = {task, state, event};
  }
  /// One line an entry, oldest first; of all tasks, because the cause often lies with a neighbour.
  std::string text() const;

 private:
  struct Entry {
    ObjectId task{};
    PieceState state{};
    PieceEvent event{};
  };
  std::array<Entry, 64> ring_{};
  std::uint64_t next_ = 0;
};

}  // namespace rankine::scheduler
