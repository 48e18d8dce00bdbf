// SPDX-License-Identifier: Apache-2.0
// Memory that the members of a gang on one node see: two places each, used in turn. A member writes its own,
// all meet once, and then each may read everybody's. Nobody overwrites what another still reads: a place is
// written again after the next meeting, which a member comes to when it has read.
#pragma once

#include <cstddef>
#include <optional>

#include <rankine/gang.hpp>

#include "train/collectives/meeting.hpp"
#include "train/collectives/shared_memory.hpp"

namespace rankine::rl::placement {

class SharedPlaces {
 public:
  /// Collective. `bytes`: of a place. Throws SystemError, on all members, where one has no room.
  SharedPlaces(Gang& gang, std::size_t bytes);

  /// Whether the members see each other's memory; else there is nothing here to use.
  bool shared() const { return memory_.shared(); }
  std::size_t bytes() const { return bytes_; }

  /// This member's to write, aligned to 64 bytes, until meet().
  std::byte* own() const { return place(member_, meetings_ % 2); }
  /// Waits for all members. Throws GangBroken if the gang breaks.
  void meet();
  /// What a member wrote before the last meeting; stays until the next one.
  const std::byte* of(std::size_t member) const { return place(member, (meetings_ + 1) % 2); }

 private:
  std::byte* place(std::size_t member, std::size_t which) const;

  std::size_t member_;
  std::size_t bytes_;  // of a place, rounded up
  std::size_t meetings_ = 0;
  train::SharedMemory memory_;
  std::optional<train::Meeting> meeting_;
};

}  // namespace rankine::rl::placement
