// SPDX-License-Identifier: Apache-2.0
// Small objects by size class: a slab is 64 KiB of equal cells. All records are private to the lessee; the
// cells' bytes are never touched. Where slabs come from and go to is the caller's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace rankine {

class Slabs {
 public:
  static constexpr std::size_t kSlabBytes = 64 * 1024;
  static constexpr std::size_t kSmallBytesMax = 16 * 1024;
  static constexpr std::size_t kAlignment = 64;

  Slabs();

  /// Size of the cell that `bytes` (1 .. kSmallBytesMax) would get: a multiple of 64, at most a quarter more
  /// than asked (beyond 256 bytes).
  static std::size_t cell_bytes(std::size_t bytes);

  /// A cell for `bytes`, or nothing if a slab must be added first.
  std::optional<std::uint64_t> take(std::size_t bytes);
  /// Gives the 64 KiB at `offset` to the class of `bytes`.
  void add_slab(std::uint64_t offset, std::size_t bytes);
  /// Frees a cell. Returns the offset of a slab that is no longer needed: it is empty and not the only spare
  /// one of its class.
  std::optional<std::uint64_t> free(std::uint64_t offset, std::size_t bytes);
  /// Takes out the slabs that are empty and kept as spares.
  std::vector<std::uint64_t> trim();

 private:
  struct Slab {
    std::uint32_t size_class;
    std::uint32_t cell_bytes;
    std::vector<std::uint16_t> free_cells;  // the last one is taken next
    std::vector<bool> is_free;
    bool is_empty() const { return free_cells.size() == is_free.size(); }
  };
  struct Class {
    std::set<std::uint64_t> with_room;   // offsets of slabs
    std::optional<std::uint64_t> spare;  // an empty slab
  };

  std::map<std::uint64_t, Slab> slabs_;
  std::vector<Class> classes_;
};

}  // namespace rankine
