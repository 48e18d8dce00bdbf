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

std::uint64_t blocks_offset(std::uint32_t count) {
  return round_up(ChunkTable::bytes(count), 4096);
}

std::uint64_t first_chunk_offset(std::uint32_t count, std::size_t chunk_bytes, std::size_t capacity_bytes) {
  return round_up(blocks_offset(count) + BlockTable::bytes(capacity_bytes),
                  std::min<std::uint64_t>(chunk_bytes, kHugePageBytes));
}

}  // namespace

ChunkTable Arena::make_table(Segment& segment, Options options) {
  if (!segment.created()) return ChunkTable::attach(segment.memory());
  check(options.chunk_bytes > 0 && options.chunk_bytes % Slabs::kSlabBytes == 0,
        "an arena's chunks are multiples of 64 KiB");
  const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(
      segment.capacity_bytes() / options.chunk_bytes, std::numeric_limits<std::uint32_t>::max() / 2));
  std::uint32_t count = most;
  const std::size_t capacity_bytes = segment.capacity_bytes();
  const std::uint64_t first = first_chunk_offset(most, options.chunk_bytes, capacity_bytes);
  while (count > 0 && first + count * options.chunk_bytes > capacity_bytes) --count;
  if (count == 0) {
    throw InputError(
        "rankine: an object store of " + std::to_string(capacity_bytes) + " bytes is too small: it needs " +
        std::to_string(first_chunk_offset(1, options.chunk_bytes, capacity_bytes) + options.chunk_bytes) +
        " at least");
  }
  segment.reserve(0, blocks_offset(most) + BlockTable::header_bytes(capacity_bytes));
  return ChunkTable::format(segment.data(), count, options.chunk_bytes);
}

Arena::Arena(Segment&& segment, std::int32_t slot) : Arena(std::move(segment), slot, Options{}) {}

Arena::Arena(Segment&& segment, std::int32_t slot, Options options)
    : segment_(std::make_shared<Segment>(std::move(segment))),
      slot_(slot),
      table_(make_table(*segment_, options)),
      chunk_bytes_(table_.chunk_bytes()),
      blocks_at_(blocks_offset(static_cast<std::uint32_t>(segment_->capacity_bytes() / chunk_bytes_))),
      blocks_(segment_->data() + blocks_at_, segment_->capacity_bytes()),
      begin_(first_chunk_offset(static_cast<std::uint32_t>(segment_->capacity_bytes() / chunk_bytes_),
                                chunk_bytes_, segment_->capacity_bytes())) {
  check(slot >= 0, "an arena's slot is 0 or more");
}

std::optional<std::uint32_t> Arena::lease_blocks() {
  const auto group = blocks_.lease_group(slot_);
  if (!group) return std::nullopt;
  segment_->reserve(blocks_at_ + blocks_.group_offset(*group), BlockTable::kGroupBytes);
  return *group * BlockTable::kGroupBlocks;
}

std::size_t Arena::rounded(std::size_t bytes) {
  if (bytes <= Slabs::kSmallBytesMax) return Slabs::cell_bytes(bytes);
  return round_up(bytes, kPageBytes);
}

bool Arena::holds(std::uint64_t offset, std::size_t bytes) const {
  return offset >= begin_ && offset <= segment_->capacity_bytes() &&
         bytes <= segment_->capacity_bytes() - offset;
}

std::uint64_t Arena::allocate(std::size_t bytes) {
  const auto offset = try_allocate(bytes);
  if (!offset) throw_full(bytes);
  return *offset;
}

std::optional<std::uint64_t> Arena::try_allocate(std::size_t bytes) {
  if (bytes > table_.count() * chunk_bytes_) throw_full(bytes);
  const auto offset = bytes <= Slabs::kSmallBytesMax ? allocate_small(bytes) : allocate_pages(bytes);
  if (!offset) return std::nullopt;
  used_bytes_ += rounded(bytes);
  peak_bytes_ = std::max(peak_bytes_, used_bytes_);
  return offset;
}

std::optional<std::uint64_t> Arena::allocate_small(std::size_t bytes) {
  if (const auto cell = slabs_.take(bytes)) return *cell;
  const auto slab = allocate_pages(Slabs::kSlabBytes);
  if (!slab) return std::nullopt;
  slabs_.add_slab(*slab, bytes);
  return *slabs_.take(bytes);
}

std::optional<std::uint64_t> Arena::allocate_pages(std::size_t bytes) {
  bytes = round_up(bytes, kPageBytes);
  if (const auto offset = extents_.take(bytes)) return *offset;
  if (!lease(bytes)) {
    trim();
    if (const auto offset = extents_.take(bytes)) return *offset;
    if (!lease(bytes)) return allocate_beside(bytes);
  }
  return *extents_.take(bytes);
}

/// Fewer chunks may do between free ranges that end and begin where the chunks given back last did.
std::optional<std::uint64_t> Arena::allocate_beside(std::size_t bytes) {
  const std::uint64_t count = (bytes + chunk_bytes_ - 1) / chunk_bytes_;
  if (count > table_.count()) return std::nullopt;
  for (std::uint64_t fewer = count; fewer-- > 1 && fewer + 2 >= count;) {
    const auto run = lease_run(static_cast<std::uint32_t>(fewer));
    if (!run) continue;
    if (const auto offset = extents_.take(bytes)) return *offset;
    give_back_whole_chunks({offset_of(run->first), run->count * chunk_bytes_});
  }
  return std::nullopt;
}

bool Arena::lease(std::size_t bytes) {
  const std::uint64_t count = (bytes + chunk_bytes_ - 1) / chunk_bytes_;
  return count <= table_.count() && lease_run(static_cast<std::uint32_t>(count));
}

std::optional<ChunkTable::Run> Arena::lease_run(std::uint32_t count) {
  const auto run = table_.lease(slot_, count, near_);
  if (!run) return std::nullopt;
  try {
    back(*run);
  } catch (const StoreFull& error) {
    trouble_ = error.what();
    table_.give_back(slot_, *run);
    return std::nullopt;
  } catch (...) {
    table_.give_back(slot_, *run);
    throw;
  }
  leased_bytes_ += run->count * chunk_bytes_;
  extents_.add({offset_of(run->first), run->count * chunk_bytes_});
  return run;
}

void Arena::back(ChunkTable::Run run) {
  while (run.count > 0) {
    bool backed = false;
    const ChunkTable::Run part = table_.backing(run, backed);
    if (!backed) {
      segment_->reserve(offset_of(part.first), part.count * chunk_bytes_);
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
  leased_bytes_ -= run.count * chunk_bytes_;
  near_ = run.first;
}

void Arena::preallocate() {
  back({0, table_.count()});
}

std::size_t Arena::reclaim(std::int32_t dead_slot) {
  check(dead_slot != slot_, "a rank reclaims its own chunks");
  blocks_.reclaim(dead_slot);
  return table_.reclaim(dead_slot) * chunk_bytes_;
}

Arena::Stats Arena::stats() const {
  const ChunkTable::Usage usage = table_.usage();
  return {used_bytes_, peak_bytes_, usage.leased * chunk_bytes_, usage.backed * chunk_bytes_,
          table_.count() * chunk_bytes_};
}

void Arena::throw_full(std::size_t bytes, const std::string& more) const {
  const ChunkTable::Usage usage = table_.usage();
  throw StoreFull(
      "rankine: the node's object store is full: " + std::to_string(bytes) + " bytes asked, this rank uses " +
      std::to_string(used_bytes_) + ", all ranks of the node hold " +
      std::to_string(usage.leased * chunk_bytes_) + " of " + std::to_string(table_.count() * chunk_bytes_) +
      " bytes, the longest free run is " + std::to_string(usage.longest_run * chunk_bytes_) +
      (trouble_.empty() ? "" : "; " + trouble_) + more +
      ". Remedy: give the store more memory (RuntimeOptions::arena_bytes, RANKINE_ARENA_BYTES) or drop "
      "futures earlier");
}

}  // namespace rankine
