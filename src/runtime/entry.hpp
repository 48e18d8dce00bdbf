// SPDX-License-Identifier: Apache-2.0
// What a rank knows of the objects that its handles name, and who on this rank waits for them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <rankine/runtime/context.hpp>

#include "runtime/blob_pool.hpp"

namespace rankine::runtime {

struct Piece;

/// Somebody who waits for some objects: the driver, or a suspended piece.
struct Waiter {
  std::uint32_t remaining = 1;                  ///< ends still to come before it may go on
  Piece* piece = nullptr;                       ///< nullptr: the driver
  std::vector<std::uint32_t>* order = nullptr;  ///< tokens of what ended, in that order
  bool woken = false;
};

struct Watcher {
  static constexpr std::uint32_t kWhole = 0xffffffff;
  Waiter* waiter = nullptr;
  std::uint32_t element = 0;  ///< kWhole: when all have ended
  std::uint32_t token = 0;
};

/// One element: its state and where its bytes are.
struct Slot {
  enum class State : std::uint8_t { pending, ready, failed };
  Blob* blob = nullptr;  ///< the value, or the packed failure
  State state = State::pending;
  bool owned = false;   ///< this slot drops the blob; else the head does, which lives in the same process
  bool wanted = false;  ///< the head has been asked to deliver it
};

struct Entry : detail::ObjectEntry {
  Slot single;
  std::unique_ptr<Slot[]> many;  ///< ranges
  std::uint32_t ended = 0;
  bool unasked = false;  ///< made here: the head delivers every element without being asked
  std::vector<Watcher> watchers;

  Slot& slot(std::uint32_t element) { return many ? many[element] : single; }

  /// As new, for another object.
  void clear(BlobPool& blobs) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (slot(i).owned) blobs.drop(slot(i).blob);
    }
    single = {};
    many.reset();
    count = 1;
    ended = 0;
    unasked = false;
    watchers.clear();
  }
  ~Entry() {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (slot(i).owned) Blob::drop(slot(i).blob);
    }
  }
};

}  // namespace rankine::runtime
