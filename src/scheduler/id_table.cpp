// SPDX-License-Identifier: Apache-2.0
// Implements IdTable (see the header).
#include "scheduler/id_table.hpp"

#include <algorithm>
#include <bit>

namespace rankine::scheduler {

void IdTable::bind(ObjectId first, std::uint32_t count, Index group) {
  const std::uint64_t id = number(first);
  if (count != 1) {
    ranges_.emplace(id, Range{count, group});
    return;
  }
  if (!is_dense(first)) return insert_hashed(id, group);
  const std::uint64_t at = id >> kPageBits;
  if (at >= pages_.size()) pages_.resize(at + 1);
  auto& page = pages_[at];
  if (!page && spare_) page = std::move(spare_);  // empty, so all its slots are kNone
  if (!page) {
    page = std::make_unique<Page>();
    std::fill(std::begin(page->slots), std::end(page->slots), kNone);
  }
  page->slots[id & (kPageSize - 1)] = group;
  ++page->used;
}

void IdTable::unbind(ObjectId first, std::uint32_t count) {
  const std::uint64_t id = number(first);
  if (count != 1) {
    ranges_.erase(id);
    return;
  }
  if (!is_dense(first)) return erase_hashed(id);
  auto& page = pages_[id >> kPageBits];
  page->slots[id & (kPageSize - 1)] = kNone;
  if (--page->used == 0) spare_ = std::move(page);
}

IdTable::Place IdTable::find_in_ranges(std::uint64_t id) const {
  auto after = ranges_.upper_bound(id);
  if (after == ranges_.begin()) return {};
  --after;
  const std::uint64_t element = id - after->first;
  if (element >= after->second.count) return {};
  return {after->second.group, static_cast<std::uint32_t>(element)};
}

bool IdTable::overlaps(ObjectId first, std::uint32_t count) const {
  if (find(first).group != kNone || find(offset(first, count - 1)).group != kNone) return true;
  const auto inside = ranges_.lower_bound(number(first));
  return inside != ranges_.end() && inside->first - number(first) < count;
}

void IdTable::insert_hashed(std::uint64_t id, Index group) {
  if (2 * (hashed_ + 1) > slots_.size()) grow();
  std::size_t at = home(id);
  while (slots_[at].id != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {id, group};
  ++hashed_;
}

void IdTable::erase_hashed(std::uint64_t id) {
  if (slots_.empty()) return;
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = home(id);
  while (slots_[at].id != id) {
    if (slots_[at].id == 0) return;
    at = (at + 1) & mask;
  }
  // Shift the following cluster back, so that no tombstones are needed.
  for (std::size_t next = (at + 1) & mask; slots_[next].id != 0; next = (next + 1) & mask) {
    const std::size_t wanted = home(slots_[next].id);
    if (((next - wanted) & mask) < ((next - at) & mask)) continue;
    slots_[at] = slots_[next];
    at = next;
  }
  slots_[at] = {};
  --hashed_;
}

void IdTable::grow() {
  std::vector<Slot> old(std::max<std::size_t>(64, 2 * slots_.size()));
  old.swap(slots_);
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots_.size()));
  hashed_ = 0;
  for (const Slot& slot : old) {
    if (slot.id != 0) insert_hashed(slot.id, slot.group);
  }
}

std::uint64_t IdTable::memory_bytes() const {
  std::uint64_t pages = spare_ ? 1 : 0;
  for (const auto& page : pages_) pages += page ? 1 : 0;
  return pages * sizeof(Page) + pages_.capacity() * sizeof(void*) + slots_.capacity() * sizeof(Slot) +
         ranges_.size() * (sizeof(Range) + 48);
}

}  // namespace rankine::scheduler
