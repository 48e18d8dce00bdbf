// SPDX-License-Identifier: Apache-2.0
// Reservations, seals and releases over the arena; the lock is never held while bytes are copied.
#include "store/store.hpp"

#include <cstring>
#include <string>
#include <utility>

#include <rankine/core/check.hpp>

namespace rankine {

Reservation::Reservation(Reservation&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)),
      offset_(other.offset_),
      data_(std::exchange(other.data_, {})) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(store_, other.store_);
  std::swap(offset_, other.offset_);
  std::swap(data_, other.data_);
  return *this;
}

Reservation::~Reservation() {
  if (store_ != nullptr) store_->abandon(offset_, data_.size());
}

Store::Store(Arena&& arena, NodeId node, std::unique_ptr<RemoteReader> remote)
    : arena_(std::move(arena)), node_(node), remote_(std::move(remote)) {}

Reservation Store::create(std::size_t bytes) {
  std::lock_guard lock(mutex_);
  const std::uint64_t offset = arena_.allocate(bytes);
  return Reservation(this, offset, {arena_.data(offset), bytes});
}

void Store::abandon(std::uint64_t offset, std::size_t bytes) noexcept {
  std::lock_guard lock(mutex_);
  arena_.free(offset, bytes);
}

Location Store::seal(Reservation&& reservation) {
  check(reservation.store_ == this, "a reservation is sealed twice or by another store");
  const Location location{node_, static_cast<std::uint32_t>(arena_.slot()), reservation.offset_,
                          reservation.data_.size()};
  {
    std::lock_guard lock(mutex_);
    table_.insert(location.offset, location.bytes);
  }
  reservation.store_ = nullptr;
  reservation.data_ = {};
  return location;
}

std::span<const std::byte> Store::view(const Location& location) const {
  if (!is_here(location)) {
    throw StoreError("an object on node " + std::to_string(index(location.node)) + " is viewed on node " +
                     std::to_string(index(node_)) + ": fetch it");
  }
  if (!arena_.holds(location.offset, location.bytes)) {
    throw StoreError("an object of " + std::to_string(location.bytes) + " bytes at offset " +
                     std::to_string(location.offset) + " lies outside the arena: the location is damaged");
  }
  return {arena_.data(location.offset), location.bytes};
}

void Store::fetch(const Location& location, std::span<std::byte> into) {
  if (into.size() != location.bytes) {
    throw StoreError("an object of " + std::to_string(location.bytes) + " bytes is fetched into " +
                     std::to_string(into.size()) + " bytes");
  }
  if (into.empty()) return;
  if (is_here(location)) {
    const std::span<const std::byte> from = view(location);
    std::memcpy(into.data(), from.data(), from.size());
    return;
  }
  if (remote_ == nullptr) {
    throw StoreError("an object on node " + std::to_string(index(location.node)) +
                     " is fetched, but this store was made for one node only");
  }
  std::lock_guard lock(remote_mutex_);
  remote_->read(location.node, location.offset, into);
}

void Store::release(const Location& location) {
  if (!is_here(location) || location.slot != static_cast<std::uint32_t>(arena_.slot())) {
    throw StoreError("an object of node " + std::to_string(index(location.node)) + ", slot " +
                     std::to_string(location.slot) + " is released by node " + std::to_string(index(node_)) +
                     ", slot " + std::to_string(arena_.slot()) + ": only the rank that sealed it can");
  }
  std::lock_guard lock(mutex_);
  table_.erase(location.offset, location.bytes);
  arena_.free(location.offset, location.bytes);
}

std::size_t Store::live() const {
  std::lock_guard lock(mutex_);
  return table_.live();
}

std::uint64_t Store::live_bytes() const {
  std::lock_guard lock(mutex_);
  return table_.live_bytes();
}

Arena::Stats Store::stats() const {
  std::lock_guard lock(mutex_);
  return arena_.stats();
}

void Store::trim() {
  std::lock_guard lock(mutex_);
  arena_.trim();
}

std::size_t Store::reclaim(std::int32_t dead_slot) {
  std::lock_guard lock(mutex_);
  return arena_.reclaim(dead_slot);
}

}  // namespace rankine
