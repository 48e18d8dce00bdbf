// SPDX-License-Identifier: Apache-2.0
#include "nn/gpt_attention.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace rankine::nn {

namespace {

/// Queries of a block: few in a short sequence, so that little is computed that the mask then hides.
constexpr long query_block(long length) {
  return length <= 128 ? 24 : 48;
}

constexpr long padded(long n) {
  return (n + 15) / 16 * 16;
}

/// A block of queries of a head, and the tile of its scores.
struct Block {
  const Kernels& kernels;
  const AttentionHead& head;
  long first;
  long queries;
  long keys() const { return first + queries; }
  long padded_keys() const { return padded(keys()); }
  long row() const { return padded(head.length); }

  Scores scores(float* tile) const {
    return {.scores = tile,
            .row = row(),
            .first = first,
            .queries = queries,
            .keys = padded_keys(),
            .scale = 1 / std::sqrt(static_cast<float>(head.width)),
            .log_sums = head.log_sums + first};
  }
  /// tile = rows of `a` times a packed, transposed matrix: keys or values.
  void against(const float* a, long a_row, const float* packed, float* tile) const {
    kernels.product({.a = a + first * a_row,
                     .a_row = a_row,
                     .b = packed,
                     .c = tile,
                     .c_row = row(),
                     .rows = queries,
                     .steps = head.width,
                     .columns = padded_keys(),
                     .packed_columns = head.length});
  }
  /// into[queries][width] = tile times rows of `b`, keys or values.
  void mix(const float* tile, const float* b, long b_row, float* into, long into_row) const {
    kernels.product({.a = tile,
                     .a_row = row(),
                     .b = b,
                     .b_row = b_row,
                     .c = into + first * into_row,
                     .c_row = into_row,
                     .rows = queries,
                     .steps = keys(),
                     .columns = head.width});
  }
  /// into[keys][width] += the tile, transposed, times the block's rows of `b`.
  void spread(const float* tile, const float* b, long b_row, float* into, long into_row) const {
    kernels.product({.a = tile,
                     .a_row = 1,
                     .a_step = row(),
                     .b = b + first * b_row,
                     .b_row = b_row,
                     .c = into,
                     .c_row = into_row,
                     .rows = keys(),
                     .steps = queries,
                     .columns = head.width,
                     .add = true});
  }
  void drop(float* tile, float* factors) const {
    for (long q = 0; q < queries; ++q) {
      const auto at = head.first_row + static_cast<std::uint64_t>(first + q);
      kernels.dropout_factors(head.dropout, head.dropout.row(at), factors, padded_keys());
      kernels.multiply(tile + q * row(), factors, padded_keys());
    }
  }
};

template <class Each>
void for_blocks(const Kernels& kernels, const AttentionHead& head, const Each& each) {
  for (long first = 0; first < head.length; first += query_block(head.length))
    each(Block{kernels, head, first, std::min(query_block(head.length), head.length - first)});
}

void pack_transposed(const Kernels& kernels, const AttentionHead& head, const float* from, float* into) {
  for (long panel = 0; panel * kPanel < head.length; ++panel) {
    kernels.pack({.from = from,
                  .row = head.row,
                  .transposed = true,
                  .steps = head.width,
                  .columns = head.length,
                  .into = into},
                 panel);
  }
}

}  // namespace

std::size_t attention_room(long length, long width, bool backward) {
  const long tile = query_block(length) * padded(length);
  const long packed = packed_size(width, length);
  const long all = padded(length) + (backward ? 2 * packed + 3 * tile : packed + tile);
  return static_cast<std::size_t>(padded(all));
}

void attention_forward(const Kernels& kernels, const AttentionHead& head) {
  float* const keys = head.room;
  float* const tile = keys + packed_size(head.width, head.length);
  float* const factors = tile + query_block(head.length) * padded(head.length);
  pack_transposed(kernels, head, head.key, keys);
  for_blocks(kernels, head, [&](const Block& block) {
    block.against(head.query, head.row, keys, tile);
    kernels.softmax(block.scores(tile));
    if (head.dropout.threshold != 0) block.drop(tile, factors);
    block.mix(tile, head.value, head.row, head.output, head.output_row);
  });
}

void attention_backward(const Kernels& kernels, const AttentionHead& head, const AttentionSlopes& slopes) {
  const long tile_size = query_block(head.length) * padded(head.length);
  float* const keys = head.room;
  float* const values = keys + packed_size(head.width, head.length);
  float* const weights = values + packed_size(head.width, head.length);
  float* const dropped = weights + tile_size;
  float* const tile = dropped + tile_size;
  float* const factors = tile + tile_size;
  pack_transposed(kernels, head, head.key, keys);
  pack_transposed(kernels, head, head.value, values);
  for (long position = 0; position < head.length; ++position) {
    std::memset(slopes.key + position * head.row, 0, static_cast<std::size_t>(head.width) * 4);
    std::memset(slopes.value + position * head.row, 0, static_cast<std::size_t>(head.width) * 4);
  }
  for_blocks(kernels, head, [&](const Block& block) {
    block.against(head.query, head.row, keys, weights);
    kernels.weights(block.scores(weights));
    block.against(slopes.output, head.output_row, values, tile);
    const float* used = weights;
    if (head.dropout.threshold != 0) {
      std::memcpy(dropped, weights, static_cast<std::size_t>(tile_size) * 4);
      block.drop(dropped, factors);
      block.drop(tile, factors);
      used = dropped;
    }
    block.spread(used, slopes.output, head.output_row, slopes.value, head.row);
    kernels.weights_backward(block.scores(tile), weights, tile);
    block.mix(tile, head.key, head.row, slopes.query, head.row);
    block.spread(tile, head.query, head.row, slopes.key, head.row);
  });
}

}  // namespace rankine::nn
