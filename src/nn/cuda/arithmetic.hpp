// SPDX-License-Identifier: Apache-2.0
// The index arithmetic of the kernels, as plain constexpr functions that host and device compile alike.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rankine::nn::cuda {

constexpr std::size_t pieces_of(std::size_t count, std::size_t size) {
  return (count + size - 1) / size;
}

/// Causal attention: a position sees itself and what came before.
constexpr bool attends(std::size_t query, std::size_t key) {
  return key <= query;
}

/// How queries, keys and values of the heads lie: as the projection makes them, [examples][length][3][heads]
/// [head_width], and for batched products, [3][examples][heads][length][head_width].
struct Heads {
  std::size_t examples, length, heads, head_width;

  constexpr std::size_t width() const { return heads * head_width; }
  constexpr std::size_t plane() const {
    return examples * length * width();
  }  ///< numbers of one of the three
  constexpr std::size_t pairs() const { return examples * heads; }
};

/// Where the number at `index` of one plane [examples][heads][length][head_width] is in [examples][length]
/// [planes][heads][head_width], of plane `plane`.
constexpr std::size_t merged_index(const Heads& h, std::size_t index, std::size_t plane, std::size_t planes) {
  const std::size_t channel = index % h.head_width;
  const std::size_t position = index / h.head_width % h.length;
  const std::size_t pair = index / h.head_width / h.length;
  const std::size_t row = pair / h.heads * h.length + position;
  return (row * planes + plane) * h.width() + pair % h.heads * h.head_width + channel;
}

/// The order in which the rows of a table get their gradient: by token, then by place.
constexpr bool comes_before(std::int32_t token, std::size_t place, std::int32_t other_token,
                            std::size_t other_place) {
  return token < other_token || (token == other_token && place < other_place);
}

/// The slope of the exact GELU: x times the normal density at x.
constexpr float kInverseRootTwo = 0.70710678118654752f;
constexpr float kInverseRootTwoPi = 0.39894228040143268f;

/// Which query of the whole model a row of this member's scores is, [examples][heads of all members][length]:
/// for dropout that is the same on every mesh.
struct QueryRows {
  std::size_t first_row;  ///< of the scores at hand among this member's [examples][heads][length]
  std::size_t heads;      ///< this member's
  std::size_t all_heads;
  std::size_t first_head;
};
constexpr std::size_t global_query(const QueryRows& rows, std::size_t row, std::size_t length) {
  const std::size_t mine = rows.first_row + row;
  const std::size_t pair = mine / length;
  const std::size_t all_pair = pair / rows.heads * rows.all_heads + rows.first_head + pair % rows.heads;
  return all_pair * length + mine % length;
}

/// Sum of get(0) .. get(count - 1) as a binary tree, ((0 + 1) + (2 + 3)) + ...; count at most 2^16. What is
/// left over where count is no power of two is added from the smallest tree up.
template <class Get, class Join>
constexpr float tree_of(std::size_t count, const Get& get, const Join& join) {
  float trees[17] = {};
  std::size_t done = 0;
  for (; done < count; ++done) {
    float value = get(done);
    std::size_t height = 0;
    for (; done >> height & 1; ++height) value = join(trees[height], value);
    trees[height] = value;
  }
  float all = 0;
  bool any = false;
  for (std::size_t height = 0; height < 17; ++height) {
    if ((done >> height & 1) == 0) continue;
    all = any ? join(trees[height], all) : trees[height];
    any = true;
  }
  return all;
}

}  // namespace rankine::nn::cuda
