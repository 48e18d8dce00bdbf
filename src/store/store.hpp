// SPDX-License-Identifier: Apache-2.0
// Objects as bytes in the node's arena: written once into a reservation, sealed, then read by any rank: in
// place on the node, by a RemoteReader from another. It knows nothing of tasks, ids or who still needs an
// object. Thread safe, except that one reservation belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <type_traits>

#include <rankine/core/ids.hpp>

#include "store/arena.hpp"
#include "store/remote_reader.hpp"
#include "store/table.hpp"

namespace rankine {

/// Where a sealed object lies. A plain value that travels in messages.
struct Location {
  NodeId node = kNoNode;
  std::uint32_t slot = 0;  ///< the lessee: the rank of that node which can release it
  std::uint64_t offset = 0;
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

 private:
  friend class Store;
  Reservation(Store* store, std::uint64_t offset, std::span<std::byte> data)
      : store_(store), offset_(offset), data_(data) {}

  Store* store_;  // null after sealing
  std::uint64_t offset_;
  std::span<std::byte> data_;
};

class Store {
 public:
  /// `remote` may be null where there is one node.
  Store(Arena&& arena, NodeId node, std::unique_ptr<RemoteReader> remote = nullptr);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Throws StoreFull naming asked, used and capacity.
  Reservation create(std::size_t bytes);
  /// From now on the bytes never change, and whoever knows the location may read them.
  Location seal(Reservation&& reservation);

  bool is_here(const Location& location) const { return location.node == node_; }
  /// The bytes in place, without a copy, until the object is released. Throws StoreError where the object
  /// lies on another node or outside the arena.
  std::span<const std::byte> view(const Location& location) const;
  /// Copies the object, from whatever node; into.size() must be location.bytes. Throws StoreError,
  /// SystemError.
  void fetch(const Location& location, std::span<std::byte> into);
  /// Frees an object that this rank sealed. Throws StoreError where another rank did, where it is unknown, or
  /// where it is released twice.
  void release(const Location& location);

  /// Objects sealed and not released by this rank: not zero at the end is a leak.
  std::size_t live() const;
  std::uint64_t live_bytes() const;
  Arena::Stats stats() const;
  /// Gives memory kept for reuse back to the node.
  void trim();
  std::size_t reclaim(std::int32_t dead_slot);
  NodeId node() const { return node_; }
  std::int32_t slot() const { return arena_.slot(); }

 private:
  friend class Reservation;
  void abandon(std::uint64_t offset, std::size_t bytes) noexcept;

  mutable std::mutex mutex_;  // over arena_ and table_
  Arena arena_;
  Table table_;
  const NodeId node_;
  std::mutex remote_mutex_;
  std::unique_ptr<RemoteReader> remote_;
};

}  // namespace rankine
