// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <rankine/core/philox.hpp>
#include <rankine/nn/classifiers.hpp>

#include "model_run.hpp"

namespace rankine::nn::test {

/// Examples of `size` normal numbers; of one the target is none.
inline Batch random_images(std::size_t examples, std::size_t size, std::size_t classes) {
  rankine::Philox random(2, 3);
  Batch batch;
  batch.examples = examples;
  std::vector<float> input(examples * size);
  for (float& value : input) value = static_cast<float>(random.normal());
  for (std::size_t k = 0; k < examples; ++k)
    batch.targets.push_back(k == 2 ? -1 : static_cast<std::int32_t>(random.below(classes)));
  const auto bytes = std::as_bytes(std::span(input));
  batch.input.assign(bytes.begin(), bytes.end());
  return batch;
}

/// Pooling leaves a row and a column over in the first convolution, and a row in the second.
inline CnnConfig small_cnn(double dropout = 0) {
  return {.height = 13,
          .width = 15,
          .channels = 2,
          .convolutions = {5, 6},
          .kernel = 3,
          .hidden = {9},
          .classes = 4,
          .dropout = dropout};
}

inline constexpr std::size_t kSmallImage = 13 * 15 * 2;  // numbers of an image of small_cnn()

}  // namespace rankine::nn::test
