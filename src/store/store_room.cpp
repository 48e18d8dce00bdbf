// SPDX-License-Identifier: Apache-2.0
// How the store makes room: what was released and is no longer pinned, then replicas, then the oldest objects
// go to disk; and how these come back. A block that is on its way is `busy`: its record stays, whatever
// happens to the object meanwhile.
#include <cstring>
#include <exception>
#include <utility>

#include <rankine/core/check.hpp>

#include "store/store.hpp"

namespace rankine {

// ---- freeing ----

void Store::free_memory(BlockRecord& record) {
  if (!record.in_memory) return;
  arena_.free(record.offset, record.bytes);
  record.in_memory = false;
  count(Counter::used_bytes, -static_cast<std::int64_t>(record.bytes));
}

/// Frees a block whose word is doomed, at once if nobody has it pinned, else when sweep() finds it so.
void Store::bury(std::uint32_t block, BlockRecord& record) {
  if (record.busy || !arena_.blocks().bury(block)) {
    if (!std::exchange(record.doomed, true)) doomed_.push_back(block);
    return;
  }
  free_memory(record);
  if (record.on_disk) {
    disk_.free(*record.on_disk);
    count(Counter::disk_bytes, -static_cast<std::int64_t>(record.bytes));
  }
  if (record.kind == BlockKind::replica) count(Counter::replicas, -1);
  blocks_.erase(block);
  free_blocks_.push_back(block);
}

/// Frees what was released while pinned and is not any more; true if there was any.
bool Store::sweep() {
  const std::size_t before = doomed_.size();
  std::vector<std::uint32_t> candidates;
  candidates.swap(doomed_);
  for (const std::uint32_t block : candidates) {
    BlockRecord& record = blocks_.at(block);
    record.doomed = false;
    bury(block, record);
  }
  return doomed_.size() < before;
}

bool Store::evict_oldest() {
  std::list<std::uint32_t>& queue = blocks_.queue(BlockKind::replica);
  for (std::size_t left = queue.size(); left > 0; --left) {
    const std::uint32_t block = queue.front();
    if (!arena_.blocks().evict(block)) {
      queue.splice(queue.end(), queue, queue.begin());  // pinned: the next time
      continue;
    }
    BlockRecord& record = blocks_.at(block);
    blocks_.dequeue(record);
    blocks_.count_live(-1, -static_cast<std::int64_t>(record.bytes));
    bury(block, record);
    count(Counter::evicted_replicas, 1);
    return true;
  }
  return false;
}

// ---- to disk ----

bool Store::spill_oldest(Lock& lock) {
  if (disk_.directory().empty()) return false;
  std::list<std::uint32_t>& queue = blocks_.queue(BlockKind::primary);
  for (std::size_t left = queue.size(); left > 0; --left) {
    const std::uint32_t block = queue.front();
    if (arena_.blocks().start_moving(block)) return move_out(block, blocks_.at(block), lock);
    queue.splice(queue.end(), queue, queue.begin());  // pinned: the next time
  }
  return false;
}

/// Writes a block out and frees its memory, unless a reader comes meanwhile. False where the disk failed.
bool Store::move_out(std::uint32_t block, BlockRecord& record, Lock& lock) {
  blocks_.dequeue(record);
  const bool wrote = record.on_disk || write_out(record, lock);
  if (record.doomed) {  // released meanwhile
    sweep();
    return true;
  }
  if (wrote && arena_.blocks().leave(block)) {
    free_memory(record);
    return true;
  }
  arena_.blocks().stay(block);
  blocks_.enqueue(block, record);
  return wrote;
}

bool Store::write_out(BlockRecord& record, Lock& lock) {
  std::optional<SpillFile::Extent> extent;
  bool good = true;
  record.busy = true;
  ++writing_;
  try {
    extent = disk_.take(record.bytes);
    lock.unlock();
    disk_.write(*extent, {arena_.data(record.offset), record.bytes});
  } catch (const SystemError& error) {
    if (!lock.owns_lock()) lock.lock();
    disk_trouble_ = error.what();
    good = false;
  }
  if (!lock.owns_lock()) lock.lock();
  record.busy = false;
  --writing_;
  disk_ended_.notify_all();
  if (good) {
    record.on_disk = extent;
    count_spilled(record.bytes);
  } else if (extent) {
    disk_.free(*extent);
  }
  return good;
}

void Store::count_spilled(std::uint64_t bytes) {
  count(Counter::spilled_objects, 1);
  count(Counter::spilled_bytes, static_cast<std::int64_t>(bytes));
  count(Counter::disk_bytes, static_cast<std::int64_t>(bytes));
}

Location Store::create_on_disk(std::span<const std::byte> bytes) {
  Lock lock(mutex_);
  SpillFile::Extent extent = disk_.take(bytes.size());
  lock.unlock();
  try {
    disk_.write(extent, bytes);
    lock.lock();
    const std::uint32_t block = take_block();
    BlockRecord record;
    record.serial = arena_.blocks().open(block);
    record.bytes = bytes.size();
    record.sealed = true;
    record.in_memory = false;
    record.on_disk = extent;
    arena_.blocks().file(block);
    blocks_.add(block, record);
    blocks_.count_live(1, static_cast<std::int64_t>(record.bytes));
    count_spilled(record.bytes);
    return location_of(block, record);
  } catch (...) {
    if (!lock.owns_lock()) lock.lock();
    disk_.free(extent);
    throw;
  }
}

// ---- room ----

/// One step; false where nothing more can go.
bool Store::make_room(Effort effort, Lock& lock) {
  if (sweep() || evict_oldest()) return true;
  if (effort == Effort::quick) return false;
  if (spill_oldest(lock)) return true;
  if (writing_ == 0) return false;
  disk_ended_.wait(lock);  // another thread's block is on its way
  return true;
}

std::optional<std::uint64_t> Store::find_room(std::size_t bytes, Effort effort, Lock& lock) {
  do {
    if (const auto offset = arena_.try_allocate(bytes)) return offset;
  } while (make_room(effort, lock));
  return std::nullopt;
}

std::uint64_t Store::give_chunks_back(std::uint64_t bytes) {
  Lock lock(mutex_);
  const std::size_t before = arena_.leased_bytes();
  const auto given = [&] {
    arena_.trim();
    return arena_.leased_bytes() < before ? before - arena_.leased_bytes() : 0;
  };
  while (given() < bytes && make_room(Effort::full, lock)) {
  }
  return given();
}

// ---- from disk ----

/// The record once no thread copies it. Throws StoreError where it is released.
BlockRecord& Store::wait_idle(const Location& location, const char* doing, Lock& lock) {
  for (;;) {
    BlockRecord& record = mine(location, doing);
    if (!record.busy) return record;
    disk_ended_.wait(lock);
  }
}

void Store::read_back(BlockRecord& record, std::span<std::byte> into, Lock& lock) {
  const SpillFile::Extent extent = *record.on_disk;
  lock.unlock();
  try {
    disk_.read(extent, into);
  } catch (...) {
    lock.lock();
    throw;
  }
  lock.lock();
}

std::optional<Pin> Store::restore(const Location& location, Effort effort) {
  Lock lock(mutex_);
  BlockRecord& record = wait_idle(location, "restoring", lock);
  if (Found found = find(location); found.presence == Presence::here) return std::move(found.pin);
  check(record.sealed, "only sealed objects are restored");
  record.busy = true;
  std::optional<std::uint64_t> offset;
  std::exception_ptr failure;
  try {
    offset = find_room(record.bytes, effort, lock);
    if (offset) read_back(record, {arena_.data(*offset), record.bytes}, lock);
  } catch (...) {
    failure = std::current_exception();
  }
  record.busy = false;
  disk_ended_.notify_all();
  const bool good = offset && failure == nullptr && !record.doomed;
  if (good) {
    record.offset = *offset;
    record.in_memory = true;
    arena_.blocks().show(location.block, *offset, 1);
    blocks_.enqueue(location.block, record);
    count(Counter::used_bytes, static_cast<std::int64_t>(record.bytes));
    count(Counter::restored_objects, 1);
    return hold(location);
  }
  if (offset) arena_.free(*offset, record.bytes);
  if (failure != nullptr) std::rethrow_exception(failure);
  if (record.doomed) sweep();
  return std::nullopt;
}

void Store::read(const Location& location, std::span<std::byte> into) {
  check(into.size() == location.bytes, "an object is read whole");
  if (Found found = find(location); found.presence == Presence::here) {
    if (!into.empty()) std::memcpy(into.data(), found.pin.bytes().data(), into.size());
    return;
  }
  Lock lock(mutex_);
  BlockRecord& record = wait_idle(location, "reading", lock);
  if (Found found = find(location); found.presence == Presence::here) {
    lock.unlock();
    if (!into.empty()) std::memcpy(into.data(), found.pin.bytes().data(), into.size());
    return;
  }
  check(record.sealed, "only sealed objects are read");
  record.busy = true;
  std::exception_ptr failure;
  try {
    read_back(record, into, lock);
  } catch (...) {
    failure = std::current_exception();
  }
  record.busy = false;
  disk_ended_.notify_all();
  if (record.doomed) sweep();
  if (failure != nullptr) std::rethrow_exception(failure);
  count(Counter::restored_objects, 1);
}

// ---- how it stands ----

Store::Holding Store::holding() const {
  const Lock lock(mutex_);
  Holding holding;
  for (const auto& [block, record] : blocks_.records()) {
    if (!record.in_memory) {
      holding.spilled_bytes += record.bytes;
    } else if (!record.sealed && !record.doomed) {
      holding.open_bytes += record.bytes;
    } else if (arena_.blocks().pins(block) > 0) {
      holding.pinned_bytes += record.bytes;
    } else {
      holding.movable_bytes += record.bytes;
    }
  }
  return holding;
}

void Store::throw_full(std::size_t bytes, const std::string& more) const {
  const Holding held = holding();
  const Lock lock(mutex_);
  std::string text = "; of this rank's objects " + std::to_string(held.pinned_bytes) +
                     " bytes are in use by tasks or the driver, " + std::to_string(held.open_bytes) +
                     " are being written and " + std::to_string(held.spilled_bytes) + " are on disk";
  if (disk_.directory().empty()) text += " (no spill directory is set)";
  if (!disk_trouble_.empty()) text += "; " + disk_trouble_;
  arena_.throw_full(bytes, text + more);
}

}  // namespace rankine
