// SPDX-License-Identifier: Apache-2.0
#include "nn/arrays.hpp"

#include <cstring>

namespace rankine::nn {

namespace {

/// Output rows of a piece of a weight's gradient, which are a multiple of a tile's.
constexpr long kOutputBlock = 132;

constexpr long ceiling(long a, long b) {
  return (a + b - 1) / b;
}

/// Calls visit(which, index within) for a number that counts through several lists.
template <class Count, class Visit>
void locate(std::size_t lists, long number, const Count& count, const Visit& visit) {
  for (std::size_t k = 0; k < lists; ++k) {
    if (number < count(k)) return visit(k, number);
    number -= count(k);
  }
}

}  // namespace

void norm_rows(const Kernels& kernels, Norm all, long first, long rows) {
  const long place = first * all.width;
  all.rows = rows;
  all.x += place;
  all.y += place;
  all.mean += first;
  all.inverse += first;
  kernels.norm(all);
}

void norm_rows_backward(const Kernels& kernels, NormBackward all, float* block_sums, bool biased, long first,
                        long rows) {
  const long place = first * all.width;
  float* const sums = block_sums + first / kRowBlock * 2 * all.width;
  std::memset(sums, 0, static_cast<std::size_t>(2 * all.width) * 4);
  all.rows = rows;
  all.x += place;
  all.mean += first;
  all.inverse += first;
  all.d_y += place;
  if (all.d_beside != nullptr) all.d_beside += place;
  all.d_x += place;
  all.d_weight = sums;
  all.d_bias = biased ? sums + all.width : nullptr;
  kernels.norm_backward(all);
}

void add_norm_sums(const Kernels& kernels, const float* block_sums, long blocks, long width, float* d_weight,
                   float* d_bias) {
  for (long block = 0; block < blocks; ++block, block_sums += 2 * width) {
    kernels.add(d_weight, block_sums, width);
    if (d_bias != nullptr) kernels.add(d_bias, block_sums + width, width);
  }
}

void pack_all(const Kernels& kernels, Threads& threads, std::span<const Packing> packings) {
  const auto panels = [&](std::size_t k) { return ceiling(packings[k].columns, kPanel); };
  long all = 0;
  for (std::size_t k = 0; k < packings.size(); ++k) all += panels(k);
  threads.for_each(static_cast<std::size_t>(all), [&](std::size_t piece) {
    locate(packings.size(), static_cast<long>(piece), panels,
           [&](std::size_t k, long panel) { kernels.pack(packings[k], panel); });
  });
}

void add_weight_gradients(const Kernels& kernels, Threads& threads, std::span<const WeightGradient> sums) {
  const auto pieces = [&](std::size_t k) {
    return ceiling(sums[k].outputs, kOutputBlock) * ceiling(sums[k].inputs, kPanel);
  };
  long all = 0;
  for (std::size_t k = 0; k < sums.size(); ++k) all += pieces(k);
  threads.for_each(static_cast<std::size_t>(all), [&](std::size_t piece) {
    locate(sums.size(), static_cast<long>(piece), pieces, [&](std::size_t k, long place) {
      const WeightGradient& sum = sums[k];
      const long panels = ceiling(sum.inputs, kPanel);
      const long column = place % panels * kPanel;
      const long output = place / panels * kOutputBlock;
      kernels.product({.a = sum.d + output,
                       .a_row = 1,
                       .a_step = sum.outputs,
                       .b = sum.x + column,
                       .b_row = sum.inputs,
                       .c = sum.gradient + output * sum.inputs + column,
                       .c_row = sum.inputs,
                       .rows = std::min(kOutputBlock, sum.outputs - output),
                       .steps = sum.rows,
                       .columns = std::min(kPanel, sum.inputs - column),
                       .add = true});
    });
  });
}

void add_rows(const Kernels& kernels, const float* from, long rows, long columns, float* into) {
  for (long row = 0; row < rows; ++row) kernels.add(into, from + row * columns, columns);
}

}  // namespace rankine::nn
