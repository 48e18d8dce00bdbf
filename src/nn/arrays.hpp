// SPDX-License-Identifier: Apache-2.0
// What the layers of the CPU share: arrays carved out of one buffer, tensors found in a unit, and loops over
// blocks of rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include <rankine/core/check.hpp>
#include <rankine/nn/layer.hpp>
#include <rankine/nn/threads.hpp>

#include "nn/kernels/kernels.hpp"

namespace rankine::nn {

/// Hands out places (in floats) in a buffer, each at a multiple of 64 bytes.
class Carving {
 public:
  std::size_t take(long floats) {
    const std::size_t at = floats_;
    floats_ += (static_cast<std::size_t>(floats) + 15) / 16 * 16;
    return at;
  }
  std::size_t bytes() const { return 4 * floats_; }

 private:
  std::size_t floats_ = 0;
};

/// Where a tensor begins in its unit's flat buffer, or -1 if the unit has none of that name.
inline long place_in(const Unit& unit, std::string_view name, std::size_t members) {
  std::size_t at = 0;
  for (const Tensor& tensor : unit.tensors) {
    if (tensor.name == name) return static_cast<long>(at);
    at += tensor.split < 0 ? tensor.size() : tensor.size() / members;
  }
  return -1;
}

/// Rows of a piece: a multiple of the six that a tile of the product has.
inline constexpr long kRowBlock = 48;

constexpr long row_blocks(long rows) {
  return (rows + kRowBlock - 1) / kRowBlock;
}

/// Calls piece(first row, how many) for blocks of rows.
template <class Piece>
void for_row_blocks(Threads& threads, long rows, const Piece& piece) {
  threads.for_each(static_cast<std::size_t>(row_blocks(rows)), [&](std::size_t block) {
    const long first = static_cast<long>(block) * kRowBlock;
    piece(first, std::min(kRowBlock, rows - first));
  });
}

/// The norm of a block of rows. `all`: of all rows.
void norm_rows(const Kernels& kernels, Norm all, long first, long rows);
/// Goes back through a norm for a block of rows. `all`: of all rows, without d_weight and d_bias, whose sums
/// over the block are left in block_sums [row_blocks][2][width] for add_norm_sums().
void norm_rows_backward(const Kernels& kernels, NormBackward all, float* block_sums, bool biased, long first,
                        long rows);
/// d_weight and d_bias (or null) += what norm_rows_backward() left of all blocks.
void add_norm_sums(const Kernels& kernels, const float* block_sums, long blocks, long width, float* d_weight,
                   float* d_bias);

/// All panels of some matrices, packed at once.
void pack_all(const Kernels& kernels, Threads& threads, std::span<const Packing> packings);

/// gradient [outputs][inputs] += d^T x, with d [rows][outputs] and x [rows][inputs].
struct WeightGradient {
  const float* d = nullptr;
  const float* x = nullptr;
  float* gradient = nullptr;
  long rows = 0;
  long outputs = 0;
  long inputs = 0;
};
void add_weight_gradients(const Kernels& kernels, Threads& threads, std::span<const WeightGradient> sums);

/// into[columns] += the sum over `rows` rows of `from` [rows][columns], from the first to the last.
void add_rows(const Kernels& kernels, const float* from, long rows, long columns, float* into);

}  // namespace rankine::nn
