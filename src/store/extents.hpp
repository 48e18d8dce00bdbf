// SPDX-License-Identifier: Apache-2.0
// Free ranges of an address space: best fit, merged with their neighbours. Plain arithmetic on offsets, no
// memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace rankine {

class Extents {
 public:
  struct Range {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };

  /// Adds a free range and returns the one it has become together with its free neighbours. A range that
  /// overlaps a free one ends the process with the reason.
  Range add(Range range);
  /// Takes `bytes` from the start of the smallest free range that holds them, the lowest of these.
  std::optional<std::uint64_t> take(std::uint64_t bytes);
  /// Takes `range`, all of which must be free.
  void remove(Range range);
  std::uint64_t free_bytes() const { return free_bytes_; }

 private:
  using ByOffset = std::map<std::uint64_t, std::uint64_t>;
  void insert(Range range);
  void erase(ByOffset::iterator at);

  ByOffset by_offset_;                                         // offset -> bytes
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_size_;  // (bytes, offset)
  std::uint64_t free_bytes_ = 0;
};

}  // namespace rankine
