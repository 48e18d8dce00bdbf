// SPDX-License-Identifier: Apache-2.0
// Reservations, seals, pins and releases over the arena. How room is made is in store_room.cpp.
#include "store/store.hpp"

#include <functional>
#include <utility>

#include <rankine/core/check.hpp>

namespace rankine {

namespace {

std::string describe(const Location& location) {
  return "an object of " + std::to_string(location.bytes) + " bytes in block " +
         std::to_string(location.block) + " (serial " + std::to_string(location.serial) + ") of node " +
         std::to_string(index(location.node)) + ", slot " + std::to_string(location.slot);
}

}  // namespace

Reservation::Reservation(Reservation&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)),
      location_(other.location_),
      data_(std::exchange(other.data_, {})) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(store_, other.store_);
  std::swap(location_, other.location_);
  std::swap(data_, other.data_);
  return *this;
}

Reservation::~Reservation() {
  if (store_ != nullptr) store_->abandon(location_);
}

Store::Store(Arena&& arena, NodeId node, std::unique_ptr<RemoteReader> remote, std::string spill_directory)
    : arena_(std::move(arena)), disk_(std::move(spill_directory)), node_(node), remote_(std::move(remote)) {
  if (arena_.slot() == 0) {
    count(Counter::capacity_bytes, static_cast<std::int64_t>(arena_.stats().capacity_bytes));
  }
}

Store::~Store() = default;

// ---- making objects ----

std::uint32_t Store::take_block() {
  for (;;) {
    if (free_blocks_.empty()) lease_blocks();
    const std::uint32_t block = free_blocks_.back();
    free_blocks_.pop_back();
    // A block of a dead rank may still be pinned by a reader: then it stays unused.
    if (arena_.blocks().pins(block) == 0) return block;
  }
}

void Store::lease_blocks() {
  const auto first = arena_.lease_blocks();
  if (!first) {
    throw StoreFull("rankine: the node's object store names at most " +
                    std::to_string(arena_.blocks().block_count()) +
                    " objects, in memory or on disk, and has as many. Remedy: give the store more memory "
                    "(RuntimeOptions::arena_bytes, RANKINE_ARENA_BYTES), drop futures earlier, or put more "
                    "into one object");
  }
  for (std::uint32_t i = BlockTable::kGroupBlocks; i > 0; --i) free_blocks_.push_back(*first + i - 1);
}

Reservation Store::create(std::size_t bytes) {
  std::optional<Reservation> reservation = try_create(bytes, Effort::full);
  if (!reservation) throw_full(bytes);
  return std::move(*reservation);
}

std::optional<Reservation> Store::try_create(std::size_t bytes, Effort effort) {
  Lock lock(mutex_);
  const auto offset = find_room(bytes, effort, lock);
  if (!offset) return std::nullopt;
  std::uint32_t block = 0;
  try {
    block = take_block();
  } catch (...) {
    arena_.free(*offset, bytes);
    throw;
  }
  BlockRecord record;
  record.serial = arena_.blocks().open(block);
  record.offset = *offset;
  record.bytes = bytes;
  blocks_.add(block, record);
  count(Counter::used_bytes, static_cast<std::int64_t>(bytes));
  return Reservation(this, location_of(block, record), {arena_.data(*offset), bytes});
}

Location Store::location_of(std::uint32_t block, const BlockRecord& record) const {
  return {node_, static_cast<std::uint32_t>(arena_.slot()), block, record.serial, record.bytes};
}

void Store::abandon(const Location& location) noexcept {
  const Lock lock(mutex_);
  BlockRecord& record = blocks_.at(location.block);
  arena_.blocks().doom(location.block);
  bury(location.block, record);
}

Location Store::leave_open(Reservation&& reservation) {
  check(reservation.store_ == this, "a reservation is sealed twice or by another store");
  reservation.store_ = nullptr;
  reservation.data_ = {};
  return reservation.location_;
}

Location Store::seal(Reservation&& reservation, BlockKind kind) {
  const Location location = leave_open(std::move(reservation));
  show(location, kind, 0);
  return location;
}

void Store::seal(const Location& open) {
  show(open, BlockKind::primary, 0);
}

std::pair<Location, Pin> Store::seal_pinned(Reservation&& reservation, BlockKind kind) {
  const Location location = leave_open(std::move(reservation));
  show(location, kind, 1);
  return {location, hold(location)};
}

void Store::show(const Location& open, BlockKind kind, std::uint32_t pins) {
  const Lock lock(mutex_);
  BlockRecord& record = mine(open, "sealing");
  check(!record.sealed, "an object is sealed once");
  record.sealed = true;
  record.kind = kind;
  if (kind == BlockKind::replica) count(Counter::replicas, 1);
  arena_.blocks().show(open.block, record.offset, pins);
  blocks_.enqueue(open.block, record);
  blocks_.count_live(1, static_cast<std::int64_t>(record.bytes));
}

// ---- reading ----

Pin Store::hold(const Location& location) {
  BlockTable& table = arena_.blocks();
  const std::uint64_t offset = table.offset(location.block);
  check(arena_.holds(offset, location.bytes), "an object in memory lies in the arena");
  return Pin(arena_.mapping(), table.word(location.block), {arena_.data(offset), location.bytes});
}

Store::Found Store::find(const Location& location) {
  if (!is_here(location)) {
    throw StoreError(describe(location) + " is looked at on node " + std::to_string(index(node_)) +
                     ": pull it");
  }
  if (location.block >= arena_.blocks().block_count()) return {};
  const Presence presence = arena_.blocks().try_pin(location.block, location.serial);
  if (presence != Presence::here) return {presence, {}};
  return {presence, hold(location)};
}

Pin Store::pin(const Location& location) {
  Found found = find(location);
  if (found.presence != Presence::here) {
    throw StoreError(describe(location) + (found.presence == Presence::spilled
                                               ? " is on disk: its rank must restore it"
                                               : " is not in the store: it was released, or the location is "
                                                 "damaged"));
  }
  return std::move(found.pin);
}

void Store::read_remote(NodeId node, std::uint64_t offset, std::span<std::byte> into) {
  if (remote_ == nullptr) {
    throw StoreError("node " + std::to_string(index(node)) +
                     "'s arena is read, but this store was made for one node only");
  }
  if (into.empty()) return;
  const std::lock_guard lock(remote_mutex_);
  remote_->read(node, offset, into);
}

bool Store::in_arena(const std::byte* at) const {
  const std::span<const std::byte> all = arena_.memory();
  return std::less_equal<>()(all.data(), at) && std::less<>()(at, all.data() + all.size());
}

// ---- the end of objects ----

BlockRecord& Store::mine(const Location& location, const char* doing) {
  if (!is_mine(location)) {
    throw StoreError(std::string(doing) + " " + describe(location) + " on node " +
                     std::to_string(index(node_)) + ", slot " + std::to_string(arena_.slot()) +
                     ": only the rank that sealed it can");
  }
  BlockRecord* record = blocks_.find(location.block, location.serial);
  if (record == nullptr) {
    throw StoreError(std::string(doing) + " " + describe(location) +
                     " that is not in the store: it was never sealed or is released twice");
  }
  if (record->bytes != location.bytes) {
    throw StoreError(std::string(doing) + " " + describe(location) + " where one of " +
                     std::to_string(record->bytes) + " bytes lies: the location is damaged");
  }
  return *record;
}

void Store::release(const Location& location) {
  const Lock lock(mutex_);
  BlockRecord& record = mine(location, "release of");
  if (record.sealed) blocks_.count_live(-1, -static_cast<std::int64_t>(record.bytes));
  blocks_.dequeue(record);
  arena_.blocks().doom(location.block);
  bury(location.block, record);
  sweep();
}

std::size_t Store::live() const {
  const Lock lock(mutex_);
  return blocks_.live();
}

std::uint64_t Store::live_bytes() const {
  const Lock lock(mutex_);
  return blocks_.live_bytes();
}

Arena::Stats Store::stats() {
  const Lock lock(mutex_);
  sweep();
  return arena_.stats();
}

void Store::trim() {
  const Lock lock(mutex_);
  arena_.trim();
}

std::size_t Store::reclaim(std::int32_t dead_slot) {
  const Lock lock(mutex_);
  return arena_.reclaim(dead_slot);
}

}  // namespace rankine
