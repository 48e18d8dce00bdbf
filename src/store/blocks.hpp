// SPDX-License-Identifier: Apache-2.0
// What one lessee knows of its objects: where each lies, in memory and on disk, and in which order they
// came. Private records; the words that readers see are in the BlockTable. No lock, no system call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include <rankine/core/error.hpp>

#include "store/spill_file.hpp"

namespace rankine {

/// The store was asked for something that is not there: a location of another rank, unknown, or released
/// before.
class StoreError : public Error {
 public:
  using Error::Error;
};

enum class BlockKind : std::uint8_t {
  primary,  ///< goes to disk when memory is short
  replica,  ///< a copy of another node's object: given up first, since it can be had again
};

struct BlockRecord {
  std::uint32_t serial = 0;
  BlockKind kind = BlockKind::primary;
  bool sealed = false;
  bool in_memory = true;
  bool busy = false;    ///< a thread copies it from or to disk, without the lock
  bool doomed = false;  ///< released while somebody had it pinned, or while busy
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::optional<SpillFile::Extent> on_disk;  ///< kept after a restore: the bytes never change
  std::optional<std::list<std::uint32_t>::iterator> queued;
};

class Blocks {
 public:
  BlockRecord& add(std::uint32_t block, const BlockRecord& record);
  /// Nothing where the block has another serial or was released.
  BlockRecord* find(std::uint32_t block, std::uint32_t serial);
  BlockRecord& at(std::uint32_t block) { return records_.at(block); }
  void erase(std::uint32_t block);

  /// Sealed objects in memory, the oldest first.
  std::list<std::uint32_t>& queue(BlockKind kind) { return queues_[static_cast<std::size_t>(kind)]; }
  void enqueue(std::uint32_t block, BlockRecord& record);
  void dequeue(BlockRecord& record);

  /// Counts a sealed, a released object.
  void count_live(std::int64_t objects, std::int64_t bytes) {
    live_ += static_cast<std::size_t>(objects);
    live_bytes_ += static_cast<std::uint64_t>(bytes);
  }
  std::size_t live() const { return live_; }
  std::uint64_t live_bytes() const { return live_bytes_; }
  const std::unordered_map<std::uint32_t, BlockRecord>& records() const { return records_; }

 private:
  std::unordered_map<std::uint32_t, BlockRecord> records_;
  std::list<std::uint32_t> queues_[2];
  std::size_t live_ = 0;
  std::uint64_t live_bytes_ = 0;
};

}  // namespace rankine
