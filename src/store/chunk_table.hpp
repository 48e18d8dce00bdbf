// SPDX-License-Identifier: Apache-2.0
// Which rank of the node has leased which chunk of the arena: a table in shared memory under a robust
// process-shared mutex. A holder that dies with the mutex does not stop the others: each entry is valid at
// every instant, so that the next one goes on. It knows chunks by number and never touches their bytes.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rankine {

class ChunkTable {
 public:
  static constexpr std::int32_t kNobody = -1;

  struct Run {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct Usage {
    std::uint32_t leased = 0;       ///< chunks with an owner
    std::uint32_t backed = 0;       ///< chunks with memory below them
    std::uint32_t longest_run = 0;  ///< of adjacent chunks without an owner
  };

  /// Bytes of a table of `count` chunks.
  static std::size_t bytes(std::uint32_t count);
  /// Writes an empty table at `memory` (zeroed, 64-byte aligned, at least bytes(count) long).
  static ChunkTable format(std::byte* memory, std::uint32_t count, std::uint64_t chunk_bytes);
  /// The table that another rank wrote. Throws SystemError where there is none within `memory`.
  static ChunkTable attach(std::span<std::byte> memory);

  std::uint32_t count() const;
  std::uint64_t chunk_bytes() const;

  /// Adjacent chunks for `slot`: at `near` if they are free there, else chunks it had last (their pages are
  /// mapped already), else any.
  std::optional<Run> lease(std::int32_t slot, std::uint32_t count, std::uint32_t near);
  /// Every chunk of the run must be leased to `slot`; else the process ends with the reason.
  void give_back(std::int32_t slot, Run run);
  /// Takes all chunks from a slot whose rank is dead and whose objects nobody uses any more; returns how
  /// many.
  std::uint32_t reclaim(std::int32_t slot);
  /// The first chunks of `run` that have (backed) or do not have (not backed) memory below them, alike.
  Run backing(Run run, bool& backed) const;
  void set_backed(Run run);
  Usage usage() const;

  /// Holds the table's mutex.
  class Guard {
   public:
    explicit Guard(const ChunkTable& table);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    pthread_mutex_t* mutex_;
  };

 private:
  struct Entry {
    std::int32_t owner;
    std::int32_t last_owner;
    std::uint32_t backed;
  };
  struct Header;

  explicit ChunkTable(Header* header);
  std::optional<Run> find(std::uint32_t count, std::int32_t last_owner_or_nobody) const;
  bool is_free(Run run) const;

  Header* header_;
  Entry* entries_;
};

}  // namespace rankine
