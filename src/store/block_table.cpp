// SPDX-License-Identifier: Apache-2.0
// The words' transitions. Every one is a compare-and-swap: pins come and go at any time.
#include "store/block_table.hpp"

#include <rankine/core/check.hpp>

namespace rankine {

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kPinMask = (std::uint64_t{1} << 24) - 1;
/// A block for so many bytes of the arena: more objects than this do not fit, on disk or not.
constexpr std::size_t kBytesPerBlock = 512;

constexpr std::size_t round_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}
constexpr std::uint32_t group_count(std::size_t arena_bytes) {
  const std::size_t blocks = arena_bytes / kBytesPerBlock;
  const std::size_t groups = (blocks + BlockTable::kGroupBlocks - 1) / BlockTable::kGroupBlocks;
  return static_cast<std::uint32_t>(groups < (1u << 23) ? groups : (1u << 23));
}
constexpr std::uint32_t serial_of(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32);
}
constexpr BlockTable::State state_of(std::uint64_t word) {
  return static_cast<BlockTable::State>(word >> 24 & 0xff);
}
constexpr std::uint64_t make_word(std::uint32_t serial, BlockTable::State state, std::uint64_t pins) {
  return std::uint64_t{serial} << 32 | std::uint64_t{static_cast<std::uint8_t>(state)} << 24 | pins;
}
constexpr std::uint64_t with_state(std::uint64_t word, BlockTable::State state) {
  return make_word(serial_of(word), state, word & kPinMask);
}

}  // namespace

struct BlockTable::Header {
  std::atomic<std::uint32_t> next_group;
  alignas(64) std::atomic<std::uint64_t> counters[static_cast<std::size_t>(Counter::last)];
};

std::size_t BlockTable::header_bytes(std::size_t arena_bytes) {
  static_assert(sizeof(Header) <= kPage && sizeof(Entry) * kGroupBlocks == kGroupBytes);
  return kPage + round_up(group_count(arena_bytes) * sizeof(std::int32_t), kPage);
}

std::size_t BlockTable::bytes(std::size_t arena_bytes) {
  return header_bytes(arena_bytes) + group_count(arena_bytes) * kGroupBytes;
}

BlockTable::BlockTable(std::byte* at, std::size_t arena_bytes)
    : header_(reinterpret_cast<Header*>(at)),
      owners_(reinterpret_cast<std::atomic<std::int32_t>*>(at + kPage)),
      entries_(reinterpret_cast<Entry*>(at + header_bytes(arena_bytes))),
      groups_(group_count(arena_bytes)),
      entries_at_(header_bytes(arena_bytes)) {}

std::optional<std::uint32_t> BlockTable::lease_group(std::int32_t slot) {
  const std::int32_t mine = slot + 1;
  std::uint32_t next = header_->next_group.load();
  while (next < groups_) {
    if (!header_->next_group.compare_exchange_weak(next, next + 1)) continue;
    owners_[next].store(mine);
    return next;
  }
  for (std::uint32_t group = 0; group < groups_; ++group) {  // those of dead ranks
    std::int32_t nobody = 0;
    if (owners_[group].load() == 0 && owners_[group].compare_exchange_strong(nobody, mine)) return group;
  }
  return std::nullopt;
}

void BlockTable::reclaim(std::int32_t dead_slot) {
  const std::uint32_t used = header_->next_group.load();
  for (std::uint32_t group = 0; group < used; ++group) {
    if (owners_[group].load() != dead_slot + 1) continue;
    for (std::uint32_t i = 0; i < kGroupBlocks; ++i) {
      std::atomic<std::uint64_t>& word = entry(group * kGroupBlocks + i).word;
      std::uint64_t seen = word.load();
      while (!word.compare_exchange_weak(seen, with_state(seen, State::free))) {
      }
    }
    owners_[group].store(0);
  }
}

// ---- readers ----

BlockTable::Presence BlockTable::try_pin(std::uint32_t block, std::uint32_t serial) {
  if (block / kGroupBlocks >= header_->next_group.load(std::memory_order_relaxed)) return Presence::gone;
  std::atomic<std::uint64_t>& word = entry(block).word;
  std::uint64_t seen = word.load(std::memory_order_acquire);
  for (;;) {
    if (serial_of(seen) != serial) return Presence::gone;
    const State state = state_of(seen);
    if (state == State::spilled) return Presence::spilled;
    if (state != State::resident && state != State::moving) return Presence::gone;
    check((seen & kPinMask) != kPinMask, "an object has fewer than 16 million readers at once");
    if (word.compare_exchange_weak(seen, with_state(seen, State::resident) + 1, std::memory_order_acq_rel)) {
      return Presence::here;
    }
  }
}

void BlockTable::unpin(std::atomic<std::uint64_t>& word) {
  const std::uint64_t before = word.fetch_sub(1, std::memory_order_release);
  check((before & kPinMask) != 0, "an object is unpinned more often than pinned");
}

// ---- the lessee ----

bool BlockTable::change(std::uint32_t block, State from, State to, bool even_if_pinned) {
  std::atomic<std::uint64_t>& word = entry(block).word;
  std::uint64_t seen = word.load(std::memory_order_acquire);
  while (state_of(seen) == from && (even_if_pinned || (seen & kPinMask) == 0)) {
    if (word.compare_exchange_weak(seen, with_state(seen, to), std::memory_order_acq_rel)) return true;
  }
  return false;
}

std::uint32_t BlockTable::open(std::uint32_t block) {
  std::atomic<std::uint64_t>& word = entry(block).word;
  const std::uint64_t seen = word.load();
  check(state_of(seen) == State::free && (seen & kPinMask) == 0, "a block that is taken is free");
  const std::uint32_t serial = serial_of(seen) + 1;
  word.store(make_word(serial, State::open, 0), std::memory_order_release);
  return serial;
}

void BlockTable::show(std::uint32_t block, std::uint64_t offset, std::uint32_t pins) {
  Entry& shown = entry(block);
  const std::uint64_t seen = shown.word.load();
  check((seen & kPinMask) == 0 && (state_of(seen) == State::open || state_of(seen) == State::spilled),
        "only what is not in memory is put there");
  shown.offset.store(offset, std::memory_order_relaxed);
  shown.word.store(make_word(serial_of(seen), State::resident, pins), std::memory_order_release);
}

void BlockTable::file(std::uint32_t block) {
  check(change(block, State::open, State::spilled, false), "only what is open is filed");
}
bool BlockTable::start_moving(std::uint32_t block) {
  return change(block, State::resident, State::moving, false);
}
bool BlockTable::leave(std::uint32_t block) {
  return change(block, State::moving, State::spilled, false);
}
void BlockTable::stay(std::uint32_t block) {
  change(block, State::moving, State::resident, true);
}
bool BlockTable::evict(std::uint32_t block) {
  return change(block, State::resident, State::doomed, false);
}

void BlockTable::doom(std::uint32_t block) {
  std::atomic<std::uint64_t>& word = entry(block).word;
  std::uint64_t seen = word.load();
  while (!word.compare_exchange_weak(seen, with_state(seen, State::doomed), std::memory_order_acq_rel)) {
  }
}

bool BlockTable::bury(std::uint32_t block) {
  return change(block, State::doomed, State::free, false);
}

std::uint32_t BlockTable::pins(std::uint32_t block) const {
  return static_cast<std::uint32_t>(entry(block).word.load(std::memory_order_relaxed) & kPinMask);
}

// ---- counters ----

void BlockTable::count(Counter which, std::int64_t by) {
  header_->counters[static_cast<std::size_t>(which)].fetch_add(static_cast<std::uint64_t>(by),
                                                               std::memory_order_relaxed);
}

StoreCounters BlockTable::counters() const {
  StoreCounters counters;
  for (std::size_t i = 0; i < std::size(counters.values); ++i) {
    counters.values[i] = header_->counters[i].load(std::memory_order_relaxed);
  }
  return counters;
}

}  // namespace rankine
