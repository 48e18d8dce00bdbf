// SPDX-License-Identifier: Apache-2.0
// Where rings, tails, credits and claims lie in a rank's window: one formula, equal on all ranks. Pure
// arithmetic; it never allocates.
//
// A rank's window, every part 64-byte aligned:
//   claims   one word: how many spare rings were asked for (senders add 1)
//   credits  a word a rank: how far that receiver has consumed my ring at it (the receiver writes)
//   owners   a word a slot: rank + 1 of the sender of a spare ring (the sender writes, once)
//   tails    a word a slot: how far the slot's ring is written (the sender writes)
//   rings    a ring a slot
// The head has a slot for each worker (slot = rank - 1). A worker has slot 0 for the head, then the spare
// ones.
#pragma once

#include <cstddef>
#include <cstdint>

#include <rankine/core/ids.hpp>

namespace rankine::transport {

/// What the memory of rings may cost. All in bytes; ring sizes are powers of two.
struct RingLimits {
  std::size_t node_budget_bytes = std::size_t{1} << 30;  ///< all windows of the ranks of one node
  std::size_t ring_bytes_min = std::size_t{16} << 10;
  std::size_t ring_bytes_max = std::size_t{256} << 10;
  int spare_rings_max =
      64;  ///< worker-worker rings a receiver can grant; further senders are relayed by the head
};

/// Throws InputError for limits that make no sense.
void check_ring_limits(const RingLimits& limits);

struct Layout {
  int ranks = 1;
  int spares = 0;
  std::size_t ring_bytes = 0;

  int slots(Rank rank) const { return rank == kHead ? ranks - 1 : 1 + spares; }
  /// A quarter, so that a record and the gap before the ring's end always fit beside credit that is held
  /// back.
  std::size_t message_bytes_max() const { return ring_bytes / 4; }
  /// How much a receiver consumes before it writes the credit back.
  std::size_t credit_step_bytes() const { return ring_bytes / 4; }

  std::size_t claims_offset() const { return 0; }
  std::size_t credit_offset(Rank receiver) const { return 64 + word(index(receiver)); }
  std::size_t owner_offset(int slot) const { return 64 + lines(ranks) + word(slot); }
  std::size_t tail_offset(Rank owner, int slot) const {
    return 64 + lines(ranks) + lines(slots(owner)) + word(slot);
  }
  std::size_t ring_offset(Rank owner, int slot) const {
    return control_bytes(owner) + static_cast<std::size_t>(slot) * ring_bytes;
  }
  /// Everything before the rings: what must be zero at the start.
  std::size_t control_bytes(Rank owner) const { return 64 + lines(ranks) + 2 * lines(slots(owner)); }
  std::size_t bytes(Rank owner) const { return ring_offset(owner, slots(owner)); }

 private:
  static std::size_t word(int i) { return static_cast<std::size_t>(i) * sizeof(std::uint64_t); }
  static std::size_t lines(int words) { return (word(words) + 63) / 64 * 64; }
};

/// The largest rings, then the most spare ones, such that the windows of a node with `ranks_on_node` ranks,
/// the head among them, fit the budget; the head's inbox takes a quarter of it at most where larger rings are
/// a choice. Throws InputError if not even the smallest rings fit.
Layout choose_layout(int ranks, int ranks_on_node, const RingLimits& limits);

}  // namespace rankine::transport
