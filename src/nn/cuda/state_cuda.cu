// SPDX-License-Identifier: Apache-2.0
// The loops over flat buffers of nn::Device: sums of squares in a fixed order, AdamW, conversions.
#include "nn/cuda/kernels_cuda.hpp"
#include "nn/cuda/launch_cuda.hpp"
#include "nn/cuda/state_cuda.hpp"

namespace rankine::nn::cuda {

namespace {

__global__ void multiply_by(float* values, float factor, std::size_t count) {
  for (std::size_t i = place(); i < count; i += stride()) values[i] *= factor;
}

__global__ void squares_of_block(const float* values, std::size_t count, std::size_t block, double* sums) {
  __shared__ double shared[kThreads / 32];
  const std::size_t first = std::size_t{blockIdx.x} * block;
  const std::size_t last = first + block < count ? first + block : count;
  double sum = 0;
  for (std::size_t i = first + threadIdx.x; i < last; i += kThreads) {
    const double value = values[i];
    sum += value * value;
  }
  sum = block_sum(sum, shared);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

template <class T>
__global__ void adamw_step(AdamWStep how, float* master, float* first, float* second, const float* gradient,
                           const unsigned char* decayed, std::size_t count, T* working) {
  for (std::size_t i = place(); i < count; i += stride()) {
    const float slope = gradient[i] * how.clip;
    const float mean = how.beta1 * first[i] + (1.0f - how.beta1) * slope;
    const float square = how.beta2 * second[i] + (1.0f - how.beta2) * slope * slope;
    const float kept = decayed[i] != 0 ? master[i] * how.shrink : master[i];
    const float value = kept - how.rate * mean / (sqrtf(square) * how.inverse_root + how.epsilon);
    first[i] = mean;
    second[i] = square;
    master[i] = value;
    working[i] = narrow<T>(value);  // may be the master itself
  }
}

template <class T>
__global__ void narrowed(T* working, const float* master, std::size_t count) {
  for (std::size_t i = place(); i < count; i += stride()) working[i] = narrow<T>(master[i]);
}

template <class T>
__global__ void tree_over_parts(const T* parts, T* sums, std::size_t members, std::size_t count,
                                bool largest) {
  for (std::size_t i = place(); i < count; i += stride()) {
    const float all = tree_of(
        members, [=](std::size_t member) { return widen(parts[member * count + i]); },
        [=](float a, float b) { return largest ? (a > b ? a : b) : a + b; });
    sums[i] = narrow<T>(all);
  }
}

}  // namespace

void multiply(cudaStream_t stream, float* values, float factor, std::size_t count) {
  launch("multiply_by", multiply_by, blocks_for(count), stream, values, factor, count);
}

void sum_squares(cudaStream_t stream, const float* values, std::size_t count, std::size_t block,
                 double* sums) {
  launch("squares_of_block", squares_of_block, block_each(pieces_of(count, block)), stream, values, count,
         block, sums);
}

template <class T>
void State<T>::adamw(cudaStream_t stream, const AdamWStep& how, float* master, float* first, float* second,
                     const float* gradient, const unsigned char* decayed, std::size_t count, T* working) {
  launch("adamw_step", adamw_step<T>, blocks_for(count), stream, how, master, first, second, gradient,
         decayed, count, working);
}

template <class T>
void State<T>::convert(cudaStream_t stream, T* working, const float* master, std::size_t count) {
  launch("narrowed", narrowed<T>, blocks_for(count), stream, working, master, count);
}

template <class T>
void State<T>::join_parts(cudaStream_t stream, const T* parts, T* joined, std::size_t members,
                          std::size_t count, bool largest) {
  launch("tree_over_parts", tree_over_parts<T>, blocks_for(count), stream, parts, joined, members, count,
         largest);
}

template struct State<float>;
template struct State<Bf16>;

}  // namespace rankine::nn::cuda
