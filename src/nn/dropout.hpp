// SPDX-License-Identifier: Apache-2.0
// Which numbers dropout keeps, decided by where they are: the same on every mesh and device, and again when a
// pass is repeated. A hash of 32 bits an element after a stronger one a row; not for statistics.
#pragma once

#include <cstdint>

#include <rankine/core/hash.hpp>

namespace rankine::nn {

struct Dropout {
  std::uint64_t key = 0;        ///< of the pass and of the place in the model
  std::uint32_t threshold = 0;  ///< a hash below it is dropped; 0: nothing is
  float factor = 1;             ///< of what is kept: 1 / (1 - rate)

  constexpr Dropout() = default;
  /// `place`: 0 after the embedding; 1 + 3 b attention weights of block b (rows: [examples][all heads]
  /// [queries], columns: keys), 2 + 3 b and 3 + 3 b what attention and perceptron add to the stream (rows:
  /// [examples][positions]); of classifiers the layer's number.
  constexpr Dropout(std::uint64_t pass_key, std::uint64_t place, double rate)
      : key(hash_mix(pass_key, place)),
        threshold(static_cast<std::uint32_t>(rate * 4294967296.0)),
        factor(static_cast<float>(1 / (1 - rate))) {}

  constexpr std::uint64_t row(std::uint64_t row) const { return hash_mix(key, row); }
  /// What the element of a row is multiplied by: 0 or `factor`.
  [[gnu::always_inline]] constexpr float at(std::uint64_t row_key, std::uint32_t column) const {
    std::uint32_t x = column * 0x9e3779b9u ^ static_cast<std::uint32_t>(row_key);
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x ^= static_cast<std::uint32_t>(row_key >> 32);
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    x ^= x >> 16;
    return x < threshold ? 0.0F : factor;
  }
};

}  // namespace rankine::nn
