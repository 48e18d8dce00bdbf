// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include <rankine/core/philox.hpp>
#include <rankine/nn/gpt.hpp>

#include "model_run.hpp"

namespace rankine::nn::test {

/// Each seventh target is none.
inline Batch random_tokens(const GptConfig& config, std::size_t examples) {
  rankine::Philox random(5, 6);
  Batch batch;
  batch.examples = examples;
  std::vector<std::int32_t> input;
  for (std::size_t k = 0; k < examples * config.context; ++k) {
    input.push_back(static_cast<std::int32_t>(random.below(config.vocabulary)));
    batch.targets.push_back(static_cast<std::int32_t>(random.below(config.vocabulary)));
    if (k % 7 == 3) batch.targets.back() = -1;
  }
  batch.input.resize(input.size() * 4);
  std::memcpy(batch.input.data(), input.data(), batch.input.size());
  return batch;
}

}  // namespace rankine::nn::test
