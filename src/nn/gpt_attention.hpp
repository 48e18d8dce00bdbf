// SPDX-License-Identifier: Apache-2.0
// Causal attention of one head over one sequence (Vaswani et al. 2017), forward and backward by blocks of
// queries: the weights are never kept, but made again from the logarithms of their sums (Dao et al. 2022).
#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/dropout.hpp"
#include "nn/kernels/kernels.hpp"

namespace rankine::nn {

struct AttentionHead {
  long length = 0;  ///< of the sequence
  long width = 0;   ///< of a head
  const float* query = nullptr;
  const float* key = nullptr;
  const float* value = nullptr;
  long row = 0;  ///< between positions, of all three
  float* output = nullptr;
  long output_row = 0;
  float* log_sums = nullptr;  ///< [length]
  Dropout dropout;
  std::uint64_t first_row = 0;  ///< of dropout
  float* room = nullptr;        ///< attention_room() floats
};

/// Of `output` by the rest; all lie as their originals do.
struct AttentionSlopes {
  const float* output = nullptr;
  float* query = nullptr;
  float* key = nullptr;
  float* value = nullptr;
};

std::size_t attention_room(long length, long width, bool backward);
void attention_forward(const Kernels& kernels, const AttentionHead& head);
void attention_backward(const Kernels& kernels, const AttentionHead& head, const AttentionSlopes& slopes);

}  // namespace rankine::nn
