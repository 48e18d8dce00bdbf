// SPDX-License-Identifier: Apache-2.0
// Size classes: 64, 128, 192, 256, then four to a doubling up to 16 KiB.
#include "store/slabs.hpp"

#include <algorithm>
#include <bit>

#include <rankine/core/check.hpp>

namespace rankine {
namespace {

constexpr std::size_t kClassCount = 28;

/// 0 .. kClassCount-1 in order of size.
constexpr std::uint32_t class_of(std::size_t bytes) {
  const std::size_t units = (std::max<std::size_t>(bytes, 1) + 63) / 64;
  if (units <= 4) return static_cast<std::uint32_t>(units - 1);
  const int shift = static_cast<int>(std::bit_width(units - 1)) - 3;  // quarter steps of the doubling below
  const std::size_t quarter = (units - 1) >> shift;                   // 4 .. 7
  return static_cast<std::uint32_t>(4 * static_cast<std::size_t>(shift) + quarter);
}

constexpr std::size_t class_bytes(std::uint32_t size_class) {
  if (size_class < 4) return 64 * (size_class + 1);
  const std::uint32_t shift = size_class / 4 - 1;
  return (std::size_t{size_class % 4 + 5} << shift) * 64;
}

static_assert(class_bytes(class_of(256)) == 256 && class_bytes(class_of(257)) == 320);
static_assert(class_bytes(class_of(512)) == 512 && class_bytes(class_of(513)) == 640);
static_assert(class_of(Slabs::kSmallBytesMax) == kClassCount - 1);
static_assert(class_bytes(kClassCount - 1) == Slabs::kSmallBytesMax);

}  // namespace

Slabs::Slabs() : classes_(kClassCount) {}

std::size_t Slabs::cell_bytes(std::size_t bytes) {
  return class_bytes(class_of(bytes));
}

std::optional<std::uint64_t> Slabs::take(std::size_t bytes) {
  Class& of_size = classes_[class_of(bytes)];
  if (of_size.with_room.empty()) return std::nullopt;
  const std::uint64_t at = *of_size.with_room.begin();
  Slab& slab = slabs_.at(at);
  if (of_size.spare == at) of_size.spare.reset();
  const std::uint16_t cell = slab.free_cells.back();
  slab.free_cells.pop_back();
  slab.is_free[cell] = false;
  if (slab.free_cells.empty()) of_size.with_room.erase(at);
  return at + std::uint64_t{cell} * slab.cell_bytes;
}

void Slabs::add_slab(std::uint64_t offset, std::size_t bytes) {
  const std::uint32_t size_class = class_of(bytes);
  const std::size_t cells = kSlabBytes / class_bytes(size_class);
  Slab slab{
      size_class, static_cast<std::uint32_t>(class_bytes(size_class)), {}, std::vector<bool>(cells, true)};
  slab.free_cells.resize(cells);
  for (std::size_t i = 0; i < cells; ++i) slab.free_cells[i] = static_cast<std::uint16_t>(cells - 1 - i);
  slabs_.emplace(offset, std::move(slab));
  classes_[size_class].with_room.insert(offset);
  if (!classes_[size_class].spare) classes_[size_class].spare = offset;
}

std::optional<std::uint64_t> Slabs::free(std::uint64_t offset, std::size_t bytes) {
  auto found = slabs_.upper_bound(offset);
  check(found != slabs_.begin(), "a small object is freed that was never allocated");
  --found;
  auto& [at, slab] = *found;
  const std::uint64_t cell = (offset - at) / slab.cell_bytes;
  check(
      offset - at < kSlabBytes && (offset - at) % slab.cell_bytes == 0 && slab.size_class == class_of(bytes),
      "a small object is freed at another place or with another size than allocated");
  check(!slab.is_free[cell], "memory of the arena is freed twice");
  slab.is_free[cell] = true;
  slab.free_cells.push_back(static_cast<std::uint16_t>(cell));
  Class& of_size = classes_[slab.size_class];
  of_size.with_room.insert(at);
  if (!slab.is_empty()) return std::nullopt;
  if (!of_size.spare) {
    of_size.spare = at;
    return std::nullopt;
  }
  const std::uint64_t unused = at;
  of_size.with_room.erase(unused);
  slabs_.erase(found);
  return unused;
}

std::vector<std::uint64_t> Slabs::trim() {
  std::vector<std::uint64_t> unused;
  for (Class& of_size : classes_) {
    if (!of_size.spare) continue;
    unused.push_back(*of_size.spare);
    of_size.with_room.erase(*of_size.spare);
    slabs_.erase(*of_size.spare);
    of_size.spare.reset();
  }
  return unused;
}

}  // namespace rankine
