// SPDX-License-Identifier: Apache-2.0
// Two ordered indexes over the same free ranges, changed only together.
#include "store/extents.hpp"

#include <iterator>

#include <rankine/core/check.hpp>

namespace rankine {

void Extents::insert(Range range) {
  if (range.bytes == 0) return;
  by_offset_.emplace(range.offset, range.bytes);
  by_size_.emplace(range.bytes, range.offset);
  free_bytes_ += range.bytes;
}

void Extents::erase(ByOffset::iterator at) {
  free_bytes_ -= at->second;
  by_size_.erase({at->second, at->first});
  by_offset_.erase(at);
}

Extents::Range Extents::add(Range range) {
  auto next = by_offset_.lower_bound(range.offset);
  if (next != by_offset_.begin()) {
    const auto previous = std::prev(next);
    check(previous->first + previous->second <= range.offset, "memory of the arena is freed twice");
    if (previous->first + previous->second == range.offset) {
      range = {previous->first, previous->second + range.bytes};
      erase(previous);
    }
  }
  if (next != by_offset_.end()) {
    check(range.offset + range.bytes <= next->first, "memory of the arena is freed twice");
    if (range.offset + range.bytes == next->first) {
      range.bytes += next->second;
      erase(next);
    }
  }
  insert(range);
  return range;
}

std::optional<std::uint64_t> Extents::take(std::uint64_t bytes) {
  const auto found = by_size_.lower_bound({bytes, 0});
  if (found == by_size_.end()) return std::nullopt;
  const Range range{found->second, found->first};
  erase(by_offset_.find(range.offset));
  insert({range.offset + bytes, range.bytes - bytes});
  return range.offset;
}

void Extents::remove(Range range) {
  auto at = by_offset_.upper_bound(range.offset);
  check(at != by_offset_.begin(), "a range is removed that is not free");
  --at;
  const Range whole{at->first, at->second};
  check(range.offset + range.bytes <= whole.offset + whole.bytes, "a range is removed that is not free");
  erase(at);
  insert({whole.offset, range.offset - whole.offset});
  insert({range.offset + range.bytes, whole.offset + whole.bytes - range.offset - range.bytes});
}

}  // namespace rankine
