// SPDX-License-Identifier: Apache-2.0
// The objects' memory of one node as one rank (a slot) sees it: it allocates only in chunks leased to it, its
// records are private, and only the table of leases is shared. It knows ranges of bytes, not objects. Not
// thread safe: Store locks around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "store/block_table.hpp"
#include "store/chunk_table.hpp"
#include "store/extents.hpp"
#include "store/segment.hpp"
#include "store/slabs.hpp"

namespace rankine {

class Arena {
 public:
  struct Options {
    std::size_t chunk_bytes = std::size_t{4}
                              << 20;  ///< unit of leasing, a multiple of 64 KiB; the creator's counts
  };
  struct Stats {
    std::size_t used_bytes = 0;      ///< allocated by this slot, rounded up as they lie in memory
    std::size_t peak_bytes = 0;      ///< the most that used_bytes ever was
    std::size_t leased_bytes = 0;    ///< chunks of all slots together
    std::size_t backed_bytes = 0;    ///< shared memory that the arena has taken from the system
    std::size_t capacity_bytes = 0;  ///< for objects of all slots together
  };

  static constexpr std::size_t kAlignment = 64;

  /// Writes an empty arena into a segment that create() made, or attaches to the one in a segment that open()
  /// mapped (which must have been written before: SystemError). `slot` numbers the ranks of the node from 0
  /// and is used by one Arena at a time. Throws StoreFull where not even the header has room.
  Arena(Segment&& segment, std::int32_t slot);
  Arena(Segment&& segment, std::int32_t slot, Options options);

  /// Offset in the segment of `bytes` fresh bytes, a multiple of 64. Throws StoreFull naming asked, used and
  /// capacity.
  std::uint64_t allocate(std::size_t bytes);
  /// The same, or nothing where there is no room now. Throws StoreFull where there never will be.
  std::optional<std::uint64_t> try_allocate(std::size_t bytes);
  /// Why there was no room: the sizes, and the last trouble with backing memory.
  [[noreturn]] void throw_full(std::size_t bytes, const std::string& more = {}) const;
  /// Frees what allocate(bytes) returned. Chunks that are free as a whole go back to the arena at once; they
  /// are leased again first by the slot that had them, whose pages are mapped already.
  void free(std::uint64_t offset, std::size_t bytes);
  /// Gives back the empty slabs that are kept as spares.
  void trim();

  /// Backs the whole arena with memory (before it is registered for remote reads). Throws StoreFull.
  void preallocate();
  /// Takes the chunks of a dead rank's slot, once nobody uses its objects; returns the bytes.
  std::size_t reclaim(std::int32_t dead_slot);

  std::byte* data(std::uint64_t offset) const { return segment_->data() + offset; }
  std::span<std::byte> memory() const { return segment_->memory(); }
  bool holds(std::uint64_t offset, std::size_t bytes) const;
  std::int32_t slot() const { return slot_; }
  Segment& segment() { return *segment_; }
  const std::shared_ptr<Segment>& mapping() const { return segment_; }
  /// The words of the node's objects.
  BlockTable& blocks() { return blocks_; }
  const BlockTable& blocks() const { return blocks_; }
  /// 256 more blocks for this slot: the number of the first; nothing when all are taken. Throws StoreFull.
  std::optional<std::uint32_t> lease_blocks();
  Stats stats() const;
  std::size_t used_bytes() const { return used_bytes_; }
  /// In chunks that this slot has leased.
  std::size_t leased_bytes() const { return leased_bytes_; }

 private:
  static constexpr std::size_t kPageBytes = 4096;
  static ChunkTable make_table(Segment& segment, Options options);
  static std::size_t rounded(std::size_t bytes);

  std::optional<std::uint64_t> allocate_small(std::size_t bytes);
  std::optional<std::uint64_t> allocate_pages(std::size_t bytes);
  std::optional<std::uint64_t> allocate_beside(std::size_t bytes);
  bool lease(std::size_t bytes);
  std::optional<ChunkTable::Run> lease_run(std::uint32_t count);
  void back(ChunkTable::Run run);
  void give_back_whole_chunks(Extents::Range free_range);

  std::uint64_t offset_of(std::uint32_t chunk) const { return begin_ + chunk * chunk_bytes_; }

  std::shared_ptr<Segment> segment_;
  std::int32_t slot_;
  ChunkTable table_;
  std::size_t chunk_bytes_;
  std::uint64_t blocks_at_;
  BlockTable blocks_;
  std::uint64_t begin_;                                             // of chunk 0
  std::uint32_t near_ = std::numeric_limits<std::uint32_t>::max();  // chunk given back last
  Extents extents_;
  Slabs slabs_;
  std::size_t used_bytes_ = 0;
  std::size_t peak_bytes_ = 0;
  std::size_t leased_bytes_ = 0;
  std::string trouble_;  // of the last try to back memory
};

}  // namespace rankine
