// SPDX-License-Identifier: Apache-2.0
// Kernels on the host: the threads of a block are fibers that run in turns from one barrier to the next,
// block after block. Finds wrong indices, wrong sums and barriers that not all threads reach; finds no races
// within a turn, and says nothing of speed.
#pragma once

#include <cmath>
#include <functional>
#include <type_traits>

#include "cuda_runtime_api.h"

#define __global__
#define __device__
#define __shared__ static thread_local

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_size = 1, unsigned y_size = 1, unsigned z_size = 1)
      : x(x_size), y(y_size), z(z_size) {}
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

/// Of the fiber that runs.
inline constinit thread_local dim3 gridDim{}, blockDim{}, blockIdx{}, threadIdx{};

namespace emulated {

/// Runs `kernel` once for each thread of each block. Aborts with a message where threads of a block part at a
/// barrier.
void run(dim3 grid, dim3 block, const std::function<void()>& kernel);
/// Until all threads of the block are here.
void barrier();
/// What thread number `other` of the block gave in the same call.
double exchange(double value, unsigned other);

}  // namespace emulated

inline void __syncthreads() {
  emulated::barrier();
}
template <class Number>
Number __shfl_xor_sync(unsigned, Number value, int distance) {
  static_assert(std::is_floating_point_v<Number>);
  return static_cast<Number>(emulated::exchange(value, threadIdx.x ^ static_cast<unsigned>(distance)));
}
template <class... Expected, class... Given>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Expected...),
                               Given... given) {
  emulated::run(config->gridDim, config->blockDim, [&] { kernel(static_cast<Expected>(given)...); });
  return cudaSuccess;
}
