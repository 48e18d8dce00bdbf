// SPDX-License-Identifier: Apache-2.0
// The chunk table's layout in shared memory, its mutex and the search for free runs; nothing here allocates.
#include "store/chunk_table.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>

namespace rankine {

struct ChunkTable::Header {
  static constexpr std::uint64_t kMagic = 0x52616e6b41726e31ull;  // "RankArn1"

  std::atomic<std::uint64_t> magic;  // stored last: whoever reads it may use the rest
  std::uint32_t count;
  std::uint64_t chunk_bytes;
  pthread_mutex_t mutex;
};

namespace {

constexpr std::size_t kEntriesAt = 256;

void require(int error, const char* call) {
  if (error != 0) throw SystemError(std::string(call) + " of the arena failed: " + std::strerror(error));
}

}  // namespace

std::size_t ChunkTable::bytes(std::uint32_t count) {
  return kEntriesAt + count * sizeof(Entry);
}

ChunkTable::ChunkTable(Header* header)
    : header_(header), entries_(reinterpret_cast<Entry*>(reinterpret_cast<std::byte*>(header) + kEntriesAt)) {
  static_assert(sizeof(Header) <= kEntriesAt && std::atomic<std::uint64_t>::is_always_lock_free);
}

ChunkTable ChunkTable::format(std::byte* memory, std::uint32_t count, std::uint64_t chunk_bytes) {
  Header* header = new (memory) Header{};
  header->count = count;
  header->chunk_bytes = chunk_bytes;
  pthread_mutexattr_t attributes;
  require(pthread_mutexattr_init(&attributes), "pthread_mutexattr_init");
  require(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), "pthread_mutexattr_setpshared");
  require(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST), "pthread_mutexattr_setrobust");
  require(pthread_mutex_init(&header->mutex, &attributes), "pthread_mutex_init");
  pthread_mutexattr_destroy(&attributes);
  ChunkTable table(header);
  for (std::uint32_t i = 0; i < count; ++i) new (&table.entries_[i]) Entry{kNobody, kNobody, 0};
  header->magic.store(Header::kMagic, std::memory_order_release);
  return table;
}

ChunkTable ChunkTable::attach(std::span<std::byte> memory) {
  check(memory.size() >= kEntriesAt, "an arena is larger than its header");
  auto* header = std::launder(reinterpret_cast<Header*>(memory.data()));
  if (header->magic.load(std::memory_order_acquire) != Header::kMagic ||
      bytes(header->count) > memory.size()) {
    throw SystemError(
        "the shared memory file holds no arena: its creator has not made one yet, or it is another file");
  }
  return ChunkTable(header);
}

std::uint32_t ChunkTable::count() const {
  return header_->count;
}
std::uint64_t ChunkTable::chunk_bytes() const {
  return header_->chunk_bytes;
}

ChunkTable::Guard::Guard(const ChunkTable& table) : mutex_(&table.header_->mutex) {
  int error = pthread_mutex_lock(mutex_);
  if (error == EOWNERDEAD) error = pthread_mutex_consistent(mutex_);  // entries are valid at every instant
  require(error, "pthread_mutex_lock");
}

ChunkTable::Guard::~Guard() {
  pthread_mutex_unlock(mutex_);
}

bool ChunkTable::is_free(Run run) const {
  return run.first <= header_->count && run.count <= header_->count - run.first &&
         std::all_of(entries_ + run.first, entries_ + run.first + run.count,
                     [](const Entry& entry) { return entry.owner == kNobody; });
}

std::optional<ChunkTable::Run> ChunkTable::find(std::uint32_t count, std::int32_t last_owner) const {
  std::uint32_t length = 0;
  for (std::uint32_t i = 0; i < header_->count; ++i) {
    const Entry& entry = entries_[i];
    const bool fits = entry.owner == kNobody && (last_owner == kNobody || entry.last_owner == last_owner);
    length = fits ? length + 1 : 0;
    if (length == count) return Run{i + 1 - count, count};
  }
  return std::nullopt;
}

std::optional<ChunkTable::Run> ChunkTable::lease(std::int32_t slot, std::uint32_t count, std::uint32_t near) {
  check(count > 0 && slot >= 0, "ChunkTable::lease of nothing or for nobody");
  Guard guard(*this);
  std::optional<Run> run;
  if (is_free({near, count})) {
    run = Run{near, count};
  } else {
    run = find(count, slot);
    if (!run) run = find(count, kNobody);
  }
  if (!run) return std::nullopt;
  for (std::uint32_t i = run->first; i < run->first + count; ++i)
    entries_[i].owner = entries_[i].last_owner = slot;
  return run;
}

void ChunkTable::give_back(std::int32_t slot, Run run) {
  Guard guard(*this);
  for (std::uint32_t i = run.first; i < run.first + run.count; ++i) {
    check(entries_[i].owner == slot, "a chunk is given back by a rank that has not leased it");
    entries_[i].owner = kNobody;
  }
}

std::uint32_t ChunkTable::reclaim(std::int32_t slot) {
  Guard guard(*this);
  std::uint32_t taken = 0;
  for (std::uint32_t i = 0; i < header_->count; ++i) {
    if (entries_[i].owner != slot) continue;
    entries_[i].owner = entries_[i].last_owner = kNobody;
    ++taken;
  }
  return taken;
}

ChunkTable::Run ChunkTable::backing(Run run, bool& backed) const {
  Guard guard(*this);
  backed = run.count > 0 && entries_[run.first].backed != 0;
  std::uint32_t count = 0;
  while (count < run.count && (entries_[run.first + count].backed != 0) == backed) ++count;
  return {run.first, count};
}

void ChunkTable::set_backed(Run run) {
  Guard guard(*this);
  for (std::uint32_t i = run.first; i < run.first + run.count; ++i) entries_[i].backed = 1;
}

ChunkTable::Usage ChunkTable::usage() const {
  Guard guard(*this);
  Usage usage;
  std::uint32_t length = 0;
  for (std::uint32_t i = 0; i < header_->count; ++i) {
    const bool leased = entries_[i].owner != kNobody;
    usage.leased += leased;
    usage.backed += entries_[i].backed;
    length = leased ? 0 : length + 1;
    usage.longest_run = std::max(usage.longest_run, length);
  }
  return usage;
}

}  // namespace rankine
