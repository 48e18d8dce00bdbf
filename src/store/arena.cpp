// SPDX-License-Identifier: Apache-2.0
// Small objects come from slabs, all others from page ranges; both lie in chunks that are leased when the
// free ranges at hand do not suffice.
#include "store/arena.hpp"

#include <algorithm>
#include <string>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>

namespace rankine {
namespace {

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

// The first chunk begins at a multiple of this, so that huge pages, where shared memory has them, fit the
// chunks.
constexpr std::uint64_t kHugePageBytes = std::uint64_t{2} << 20;

std::uint64_t first_chunk_offset(std::uint32_t count, std::size_t chunk_bytes) {
  return round_up(ChunkTable::bytes(count), std::min<std::uint64_t>(chunk_bytes, kHugePageBytes));
}

}  // namespace

ChunkTable Arena::make_table(Segment& segment, Options options) {
  if (!segment.created()) return ChunkTable::attach(segment.memory());
  check(options.chunk_bytes > 0 && options.chunk_bytes % Slabs::kSlabBytes == 0,
        "an arena's chunks are multiples of 64 KiB");
  const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(
      segment.capacity_bytes() / options.chunk_bytes, std::numeric_limits<std::uint32_t>::max() / 2));
  std::uint32_t count = most;
  while (count > 0 && first_chunk_offset(most, options.chunk_bytes) + count * options.chunk_bytes >
                          segment.capacity_bytes()) {
    --count;
  }
  if (count == 0) {
    throw InputError(
        "an object store of " + std::to_string(segment.capacity_bytes()) + " bytes is too small: it needs " +
        std::to_string(first_chunk_offset(1, options.chunk_bytes) + options.chunk_bytes) + " at least");
  }
  segment.reserve(0, ChunkTable::bytes(count));
  return ChunkTable::format(segment.data(), count, options.chunk_bytes);
}

Arena::Arena(Segment&& segment, std::int32_t slot) : Arena(std::move(segment), slot, Options{}) {}

Arena::Arena(Segment&& segment, std::int32_t slot, Options options)
    : segment_(std::move(segment)),
      slot_(slot),
      table_(make_table(segment_, options)),
      chunk_bytes_(table_.chunk_bytes()),
      begin_(first_chunk_offset(static_cast<std::uint32_t>(segment_.capacity_bytes() / chunk_bytes_),
                                chunk_bytes_)) {
  check(slot >= 0, "an arena's slot is 0 or more");
}

std::size_t Arena::rounded(std::size_t bytes) {
  if (bytes <= Slabs::kSmallBytesMax) return Slabs::cell_bytes(bytes);
  return round_up(bytes, kPageBytes);
}

bool Arena::holds(std::uint64_t offset, std::size_t bytes) const {
  return offset >= begin_ && offset <= segment_.capacity_bytes() &&
         bytes <= segment_.capacity_bytes() - offset;
}

std::uint64_t Arena::allocate(std::size_t bytes) {
  if (bytes > segment_.capacity_bytes()) throw_full(bytes);
  const std::uint64_t offset = bytes <= Slabs::kSmallBytesMax ? allocate_small(bytes) : allocate_pages(bytes);
  used_bytes_ += rounded(bytes);
  peak_bytes_ = std::max(peak_bytes_, used_bytes_);
  return offset;
}

std::uint64_t Arena::allocate_small(std::size_t bytes) {
  if (const auto cell = slabs_.take(bytes)) return *cell;
  slabs_.add_slab(allocate_pages(Slabs::kSlabBytes), bytes);
  return *slabs_.take(bytes);
}

std::uint64_t Arena::allocate_pages(std::size_t bytes) {
  bytes = round_up(bytes, kPageBytes);
  if (const auto offset = extents_.take(bytes)) return *offset;
  if (!lease(bytes)) {
    trim();
    if (const auto offset = extents_.take(bytes)) return *offset;
    if (!lease(bytes)) throw_full(bytes);
  }
  return *extents_.take(bytes);
}

bool Arena::lease(std::size_t bytes) {
  const std::uint64_t count = (bytes + chunk_bytes_ - 1) / chunk_bytes_;
  if (count > table_.count()) return false;
  const auto run = table_.lease(slot_, static_cast<std::uint32_t>(count), near_);
  if (!run) return false;
  try {
    back(*run);
  } catch (...) {
    table_.give_back(slot_, *run);
    throw;
  }
  extents_.add({offset_of(run->first), run->count * chunk_bytes_});
  return true;
}

void Arena::back(ChunkTable::Run run) {
  while (run.count > 0) {
    bool backed = false;
    const ChunkTable::Run part = table_.backing(run, backed);
    if (!backed) {
      segment_.reserve(offset_of(part.first), part.count * chunk_bytes_);
      table_.set_backed(part);
    }
    run = {part.first + part.count, run.count - part.count};
  }
}

void Arena::free(std::uint64_t offset, std::size_t bytes) {
  used_bytes_ -= rounded(bytes);
  if (bytes > Slabs::kSmallBytesMax) {
    give_back_whole_chunks(extents_.add({offset, round_up(bytes, kPageBytes)}));
  } else if (const auto slab = slabs_.free(offset, bytes)) {
    give_back_whole_chunks(extents_.add({*slab, Slabs::kSlabBytes}));
  }
}

void Arena::trim() {
  for (const std::uint64_t slab : slabs_.trim())
    give_back_whole_chunks(extents_.add({slab, Slabs::kSlabBytes}));
}

void Arena::give_back_whole_chunks(Extents::Range range) {
  const std::uint64_t first = round_up(range.offset - begin_, chunk_bytes_) / chunk_bytes_;
  const std::uint64_t end = (range.offset + range.bytes - begin_) / chunk_bytes_;
  if (end <= first) return;
  const ChunkTable::Run run{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end - first)};
  extents_.remove({offset_of(run.first), run.count * chunk_bytes_});
  table_.give_back(slot_, run);
  near_ = run.first;
}

void Arena::preallocate() {
  back({0, table_.count()});
}

std::size_t Arena::reclaim(std::int32_t dead_slot) {
  check(dead_slot != slot_, "a rank reclaims its own chunks");
  return table_.reclaim(dead_slot) * chunk_bytes_;
}

Arena::Stats Arena::stats() const {
  const ChunkTable::Usage usage = table_.usage();
  return {used_bytes_, peak_bytes_, usage.leased * chunk_bytes_, usage.backed * chunk_bytes_,
          table_.count() * chunk_bytes_};
}

void Arena::throw_full(std::size_t bytes) const {
  const ChunkTable::Usage usage = table_.usage();
  throw StoreFull("the node's object store is full: " + std::to_string(bytes) +
                  " bytes asked, this rank uses " + std::to_string(used_bytes_) +
                  ", all ranks of the node hold " + std::to_string(usage.leased * chunk_bytes_) + " of " +
                  std::to_string(table_.count() * chunk_bytes_) + " bytes, the longest free run is " +
                  std::to_string(usage.longest_run * chunk_bytes_) +
                  "; give the store more memory (RuntimeOptions::arena_bytes, RANKINE_ARENA_BYTES) or drop "
                  "futures earlier");
}

}  // namespace rankine
