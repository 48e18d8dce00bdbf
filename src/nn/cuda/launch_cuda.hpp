// SPDX-License-Identifier: Apache-2.0
// How kernels are started, and sums over a block of threads in an order that is always the same.
#pragma once

#include <cstddef>
#include <string>

#include <cuda_runtime.h>

#include "nn/cuda/check_cuda.hpp"

namespace rankine::nn::cuda {

constexpr unsigned kThreads = 256;  ///< of a block

/// Queues `kernel` on `stream`. Throws SystemError naming it if it can't be started.
template <class... Expected, class... Given>
void launch(const char* name, void (*kernel)(Expected...), dim3 grid, cudaStream_t stream, Given... given) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = dim3(kThreads, 1, 1);
  config.dynamicSmemBytes = 0;
  config.stream = stream;
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Expected>(given)...), name);
}

/// Blocks for a loop over `count` items that goes on in strides of the grid (place(), stride()).
inline dim3 blocks_for(std::size_t count) {
  const std::size_t blocks = (count + kThreads - 1) / kThreads;
  return dim3(static_cast<unsigned>(blocks < 1 ? 1 : blocks > 16384 ? 16384 : blocks), 1, 1);
}

/// A block an item, in the first dimension, which takes up to 2^31 - 1.
inline dim3 block_each(std::size_t items, std::size_t columns = 1) {
  return dim3(static_cast<unsigned>(items), static_cast<unsigned>(columns), 1);
}

__device__ inline std::size_t place() {
  return std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
}
__device__ inline std::size_t stride() {
  return std::size_t{gridDim.x} * blockDim.x;
}

/// The sum of all threads' values, told to each. All threads of the block must call it. `shared`: one number
/// a warp; it may be used again after the call.
template <class Number>
__device__ inline Number block_sum(Number value, Number* shared) {
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffu, value, distance);
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
  __syncthreads();
  Number sum = 0;
  for (unsigned warp = 0; warp < kThreads / 32; ++warp) sum += shared[warp];
  __syncthreads();
  return sum;
}

/// The largest of all threads' values, told to each; as block_sum.
__device__ inline float block_max(float value, float* shared) {
  for (int distance = 16; distance > 0; distance /= 2)
    value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, distance));
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
  __syncthreads();
  float most = shared[0];
  for (unsigned warp = 1; warp < kThreads / 32; ++warp) most = fmaxf(most, shared[warp]);
  __syncthreads();
  return most;
}

}  // namespace rankine::nn::cuda
