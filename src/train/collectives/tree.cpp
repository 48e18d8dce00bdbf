// SPDX-License-Identifier: Apache-2.0
#include "train/collectives/tree.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "nn/bf16.hpp"

namespace rankine::train {

namespace {

constexpr std::size_t kTile = 2048;  // numbers: a few arrays of them stay in the first cache
using Tile = std::array<float, kTile>;

void join(const float* a, const float* b, float* to, std::size_t count, Reduction reduction) {
  if (reduction == Reduction::sum) {
    for (std::size_t i = 0; i < count; ++i) to[i] = a[i] + b[i];
  } else {
    for (std::size_t i = 0; i < count; ++i) to[i] = std::max(a[i], b[i]);
  }
}

/// Leaves as f32; those of bf16 are unpacked into `tiles`.
void read_leaves(std::span<const void* const> from, std::size_t first, std::size_t count, nn::Scalar scalar,
                 std::vector<Tile>& tiles, std::vector<const float*>& leaves) {
  for (std::size_t k = 0; k < from.size(); ++k) {
    if (scalar == nn::Scalar::f32) {
      leaves[k] = static_cast<const float*>(from[k]) + first;
      continue;
    }
    const auto* packed = static_cast<const nn::Bf16*>(from[k]) + first;
    for (std::size_t i = 0; i < count; ++i) tiles[k][i] = nn::widen(packed[i]);
    leaves[k] = tiles[k].data();
  }
}

void write(const float* values, void* to, std::size_t first, std::size_t count, nn::Scalar scalar) {
  if (scalar == nn::Scalar::f32) {
    std::memcpy(static_cast<float*>(to) + first, values, count * sizeof(float));
    return;
  }
  auto* packed = static_cast<nn::Bf16*>(to) + first;
  for (std::size_t i = 0; i < count; ++i) packed[i] = nn::narrow<nn::Bf16>(values[i]);
}

/// Two arrays of f32, which are the most frequent: one pass, in the form that compilers turn into vectors.
void sum_two(const float* a, const float* b, std::span<void* const> to, std::size_t count) {
  for (std::size_t first = 0; first < count; first += kTile) {
    const std::size_t now = std::min(kTile, count - first);
    Tile sum;
    for (std::size_t i = 0; i < now; ++i) sum[i] = a[first + i] + b[first + i];
    for (void* target : to) std::memcpy(static_cast<float*>(target) + first, sum.data(), now * sizeof(float));
  }
}

}  // namespace

void reduce_tree(std::span<const void* const> from, std::span<void* const> to, std::size_t count,
                 nn::Scalar scalar, Reduction reduction) {
  if (from.size() == 2 && scalar == nn::Scalar::f32 && reduction == Reduction::sum) {
    sum_two(static_cast<const float*>(from[0]), static_cast<const float*>(from[1]), to, count);
    return;
  }
  std::vector<Tile> tiles(scalar == nn::Scalar::f32 ? (from.size() + 1) / 2 : from.size());
  std::vector<const float*> leaves(from.size());
  for (std::size_t first = 0; first < count; first += kTile) {
    const std::size_t now = std::min(kTile, count - first);
    read_leaves(from, first, now, scalar, tiles, leaves);
    for (std::size_t width = from.size(); width > 1; width = (width + 1) / 2) {
      // Level by level: tile k receives leaves 2 k and 2 k + 1, which nothing needs any more.
      for (std::size_t k = 0; k < width / 2; ++k) {
        join(leaves[2 * k], leaves[2 * k + 1], tiles[k].data(), now, reduction);
        leaves[k] = tiles[k].data();
      }
      if (width % 2 == 1) leaves[width / 2] = leaves[width - 1];
    }
    for (void* target : to) {
      if (from.size() > 1 || target != from[0]) write(leaves[0], target, first, now, scalar);
    }
  }
}

}  // namespace rankine::train
