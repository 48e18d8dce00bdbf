// SPDX-License-Identifier: Apache-2.0
// One word for every object of a node, in memory that the node's ranks share: serial number, state and how
// many readers have it pinned. A reader pins by compare-and-swap only while the serial is the one it knows,
// so that memory which has been spilled, freed or given to another object is never read. Words lie beside the
// objects' memory and are never anything else, which is why a stale Location can do no harm.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>

namespace rankine {

/// What is counted of a node's store.
enum class Counter : std::uint8_t {
  used_bytes,        ///< of the arena, by objects, now
  capacity_bytes,    ///< of the arena
  spilled_objects,   ///< written to disk so far
  spilled_bytes,     ///< written to disk so far
  disk_bytes,        ///< in spill files now
  restored_objects,  ///< read back from disk so far
  pulls,             ///< objects that came from another node so far
  pulled_bytes,      ///< of these
  replicas,          ///< copies of other nodes' objects in the arena now
  evicted_replicas,  ///< given up for want of room so far
  last,
};

/// Sums over the ranks of a node, or of several. A plain value that travels in messages.
struct StoreCounters {
  std::uint64_t values[static_cast<std::size_t>(Counter::last)] = {};
  std::uint64_t operator[](Counter which) const { return values[static_cast<std::size_t>(which)]; }
  StoreCounters& operator+=(const StoreCounters& other) {
    for (std::size_t i = 0; i < std::size(values); ++i) values[i] += other.values[i];
    return *this;
  }
};

/// A view of the table in a mapping of one rank. Blocks are numbered; only the rank that leased a block's
/// group changes its state, any rank of the node pins.
class BlockTable {
 public:
  enum class State : std::uint8_t {
    free,
    open,      ///< being written
    resident,  ///< in memory, may be pinned
    moving,    ///< resident, and on its way to disk: a pin keeps it
    spilled,   ///< on disk only
    doomed,    ///< released, and freed when the last pin goes
  };
  enum class Presence : std::uint8_t { here, spilled, gone };
  static constexpr std::uint32_t kGroupBlocks = 256;
  static constexpr std::size_t kGroupBytes = 4096;

  /// Bytes of the table of an arena, and of the part of it that must be backed before it is used.
  static std::size_t bytes(std::size_t arena_bytes);
  static std::size_t header_bytes(std::size_t arena_bytes);
  /// `at` is zeroed memory, or holds a table already: an empty one is all zeros.
  BlockTable(std::byte* at, std::size_t arena_bytes);

  /// A group of blocks for this slot; nothing when all are taken. Its words must be backed before they are
  /// used: group_offset() bytes from the start of the table, kGroupBytes.
  std::optional<std::uint32_t> lease_group(std::int32_t slot);
  std::size_t group_offset(std::uint32_t group) const { return entries_at_ + group * kGroupBytes; }
  std::uint32_t block_count() const { return groups_ * kGroupBlocks; }
  /// The groups of a dead rank are free again; what named its blocks names nothing any more.
  void reclaim(std::int32_t dead_slot);

  // For readers.
  /// One more pin if the block is in memory under this serial.
  Presence try_pin(std::uint32_t block, std::uint32_t serial);
  static void unpin(std::atomic<std::uint64_t>& word);
  std::atomic<std::uint64_t>& word(std::uint32_t block) { return entry(block).word; }
  /// Where a pinned block lies.
  std::uint64_t offset(std::uint32_t block) const {
    return entry(block).offset.load(std::memory_order_relaxed);
  }

  // For the lessee.
  /// Free to open: the block's new serial.
  std::uint32_t open(std::uint32_t block);
  /// Open or spilled to resident.
  void show(std::uint32_t block, std::uint64_t offset, std::uint32_t pins);
  /// Open to spilled.
  void file(std::uint32_t block);
  /// Resident to moving, unless pinned.
  bool start_moving(std::uint32_t block);
  /// Moving to spilled, unless a reader has come.
  bool leave(std::uint32_t block);
  /// Moving to resident.
  void stay(std::uint32_t block);
  /// Resident to doomed, unless pinned.
  bool evict(std::uint32_t block);
  /// Any state to doomed.
  void doom(std::uint32_t block);
  /// Doomed to free, unless pinned.
  bool bury(std::uint32_t block);
  std::uint32_t pins(std::uint32_t block) const;

  /// Changes a counter of the node.
  void count(Counter which, std::int64_t by);
  StoreCounters counters() const;

 private:
  struct Entry {
    std::atomic<std::uint64_t> word;  ///< serial << 32 | state << 24 | pins
    std::atomic<std::uint64_t> offset;
  };
  struct Header;
  Entry& entry(std::uint32_t block) const { return entries_[block]; }
  bool change(std::uint32_t block, State from, State to, bool even_if_pinned);

  Header* header_;
  std::atomic<std::int32_t>* owners_;  ///< by group: slot + 1; 0: nobody
  Entry* entries_;
  std::uint32_t groups_;
  std::size_t entries_at_;
};

}  // namespace rankine
