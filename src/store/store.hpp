// SPDX-License-Identifier: Apache-2.0
// Objects as bytes in the node's arena: written once into a reservation, sealed, then read by any rank: in
// place on the node, where a Pin holds them, by a RemoteReader from another. Objects that nobody has pinned
// go to disk when memory is short, the oldest first, and come back when they are wanted. It knows nothing of
// tasks, ids or who still needs an object. Thread safe, except that one reservation belongs to one thread.
// The lock is never held while bytes are copied, to memory or disk.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>

#include "store/arena.hpp"
#include "store/blocks.hpp"
#include "store/pin.hpp"
#include "store/remote_reader.hpp"
#include "store/spill_file.hpp"

namespace rankine {

/// Which object: where it was born and the name of its block there. It stays true while the object lives,
/// wherever the bytes are moved to, and never names another. A plain value that travels in messages.
struct Location {
  NodeId node = kNoNode;
  std::uint32_t slot = 0;    ///< the lessee: the rank of that node which can restore and release it
  std::uint32_t block = 0;   ///< its word in the node's table
  std::uint32_t serial = 0;  ///< of the word: a later object in the same block has another
  std::uint64_t bytes = 0;
  friend bool operator==(const Location&, const Location&) = default;
};
static_assert(std::is_trivially_copyable_v<Location> && sizeof(Location) == 24);

class Store;

/// Memory to write one object into; given back unless it is sealed. Must not outlive its store.
class Reservation {
 public:
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();
  /// 64-byte aligned; the contents are whatever lay there before.
  std::span<std::byte> data() const { return data_; }
  /// What the object will be called.
  const Location& location() const { return location_; }

 private:
  friend class Store;
  Reservation(Store* store, const Location& location, std::span<std::byte> data)
      : store_(store), location_(location), data_(data) {}

  Store* store_;  // null after sealing
  Location location_;
  std::span<std::byte> data_;
};

class Store {
 public:
  using Presence = BlockTable::Presence;
  enum class Effort : std::uint8_t {
    quick,  ///< replicas are given up, nothing is written to disk
    full,   ///< objects of this rank are spilled
  };
  /// How the bytes of this rank's objects stand: what can be got by waiting and what cannot.
  struct Holding {
    std::uint64_t pinned_bytes = 0;   ///< in memory, held by readers
    std::uint64_t movable_bytes = 0;  ///< in memory, could be spilled or given up
    std::uint64_t open_bytes = 0;     ///< being written
    std::uint64_t spilled_bytes = 0;  ///< on disk only
  };

  /// `remote` may be null where there is one node. Spill files are made in `spill_directory` when needed;
  /// empty: nothing is ever spilled.
  Store(Arena&& arena, NodeId node, std::unique_ptr<RemoteReader> remote = nullptr,
        std::string spill_directory = {});
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  /// Throws StoreFull naming asked, used and capacity, where this rank cannot make room.
  Reservation create(std::size_t bytes);
  /// The same, or nothing where there is no room now. Throws StoreFull where there never will be.
  std::optional<Reservation> try_create(std::size_t bytes, Effort effort);
  /// From now on the bytes never change, and whoever knows the location may read them.
  Location seal(Reservation&& reservation, BlockKind kind = BlockKind::primary);
  /// Leaves the object open without a Reservation: to be sealed or released by its location.
  Location leave_open(Reservation&& reservation);
  void seal(const Location& open);
  /// Seals and pins at once.
  std::pair<Location, Pin> seal_pinned(Reservation&& reservation, BlockKind kind);

  /// A sealed object that never was in the arena: written to disk at once. Throws StoreFull, SystemError.
  Location create_on_disk(std::span<const std::byte> bytes);
  bool can_spill() const { return !disk_.directory().empty(); }

  bool is_here(const Location& location) const { return location.node == node_; }
  bool is_mine(const Location& location) const {
    return is_here(location) && location.slot == static_cast<std::uint32_t>(arena_.slot());
  }
  struct Found {
    Presence presence = Presence::gone;
    Pin pin;  ///< if here
  };
  /// A hold on the bytes in place, without a copy, if they are in memory. Any object of this node; throws
  /// StoreError for one of another.
  Found find(const Location& location);
  /// The same for an object that must be in memory. Throws StoreError where it is not.
  Pin pin(const Location& location);

  /// Brings an object of this rank back into memory; nothing where there is no room. Blocks for the disk.
  /// Throws StoreError where it was released, SystemError where the disk fails.
  std::optional<Pin> restore(const Location& location, Effort effort = Effort::full);
  /// Copies an object of this rank, wherever it is. Throws like restore().
  void read(const Location& location, std::span<std::byte> into);
  /// Copies from another node's arena what is pinned there. Throws StoreError without a remote reader,
  /// SystemError.
  void read_remote(NodeId node, std::uint64_t offset, std::span<std::byte> into);
  bool has_remote_reader() const { return remote_ != nullptr; }
  /// Whether bytes lie in this node's arena, and where.
  bool in_arena(const std::byte* at) const;
  std::uint64_t offset_of(const std::byte* at) const {
    return static_cast<std::uint64_t>(at - arena_.data(0));
  }

  /// Frees an object that this rank made; while readers have it pinned the memory stays. Throws StoreError
  /// where another rank did, where it is unknown, or where it is released twice.
  void release(const Location& location);

  /// Spills and gives up until chunks of at least `bytes` went back to the node or nothing more can go;
  /// returns the bytes given back. Blocks for the disk.
  std::uint64_t give_chunks_back(std::uint64_t bytes);

  /// Objects sealed and not released by this rank: not zero at the end is a leak.
  std::size_t live() const;
  std::uint64_t live_bytes() const;
  Arena::Stats stats();
  Holding holding() const;
  /// Sums over the ranks of this node.
  StoreCounters counters() const { return arena_.blocks().counters(); }
  void count(Counter which, std::int64_t by) { arena_.blocks().count(which, by); }
  /// Throws StoreFull with the sizes, what is pinned and spilled, and the remedy.
  [[noreturn]] void throw_full(std::size_t bytes, const std::string& more = {}) const;

  /// Gives memory kept for reuse back to the node.
  void trim();
  std::size_t reclaim(std::int32_t dead_slot);
  NodeId node() const { return node_; }
  std::int32_t slot() const { return arena_.slot(); }

 private:
  friend class Reservation;
  using Lock = std::unique_lock<std::mutex>;

  void abandon(const Location& location) noexcept;
  void show(const Location& open, BlockKind kind, std::uint32_t pins);
  std::uint32_t take_block();
  Location location_of(std::uint32_t block, const BlockRecord& record) const;
  void count_spilled(std::uint64_t bytes);
  void lease_blocks();
  BlockRecord& mine(const Location& location, const char* doing);
  Pin hold(const Location& location);
  void free_memory(BlockRecord& record);
  void bury(std::uint32_t block, BlockRecord& record);
  bool sweep();
  bool evict_oldest();
  bool spill_oldest(Lock& lock);
  bool move_out(std::uint32_t block, BlockRecord& record, Lock& lock);
  bool write_out(BlockRecord& record, Lock& lock);
  bool make_room(Effort effort, Lock& lock);
  std::optional<std::uint64_t> find_room(std::size_t bytes, Effort effort, Lock& lock);
  void read_back(BlockRecord& record, std::span<std::byte> into, Lock& lock);
  BlockRecord& wait_idle(const Location& location, const char* doing, Lock& lock);

  mutable std::mutex mutex_;  // over arena_, blocks_ and the spill file's places
  Arena arena_;
  Blocks blocks_;
  std::vector<std::uint32_t> free_blocks_;
  std::vector<std::uint32_t> doomed_;
  SpillFile disk_;
  std::string disk_trouble_;            // why the last spill failed
  std::condition_variable disk_ended_;  // a block is no longer busy
  std::uint32_t writing_ = 0;           // blocks on their way to disk
  const NodeId node_;
  std::mutex remote_mutex_;
  std::unique_ptr<RemoteReader> remote_;
};

}  // namespace rankine
