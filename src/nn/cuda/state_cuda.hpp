// SPDX-License-Identifier: Apache-2.0
// Loops over flat buffers on the device: what nn::Device needs, and sums over members for NCCL's collectives.
#pragma once

#include <cstddef>

#include <cuda_runtime_api.h>

#include "nn/bf16.hpp"

namespace rankine::nn::cuda {

/// One step of AdamW with all that is the same for every number.
struct AdamWStep {
  float beta1, beta2, epsilon;
  float clip;          ///< the gradient is multiplied by it
  float rate;          ///< learning rate / (1 - beta1^step)
  float inverse_root;  ///< 1 / sqrt(1 - beta2^step)
  float shrink;        ///< 1 - learning rate x weight decay
};

void multiply(cudaStream_t stream, float* values, float factor, std::size_t count);
/// sums[ceil(count / block)]
void sum_squares(cudaStream_t stream, const float* values, std::size_t count, std::size_t block,
                 double* sums);

template <class T>
struct State {
  static void adamw(cudaStream_t stream, const AdamWStep& how, float* master, float* first, float* second,
                    const float* gradient, const unsigned char* decayed, std::size_t count, T* working);
  static void convert(cudaStream_t stream, T* working, const float* master, std::size_t count);
  /// joined [count] = of parts [members][count] the sum as a binary tree over members, or the largest.
  static void join_parts(cudaStream_t stream, const T* parts, T* joined, std::size_t members,
                         std::size_t count, bool largest);
};

}  // namespace rankine::nn::cuda
