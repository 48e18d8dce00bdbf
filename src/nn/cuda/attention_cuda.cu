// SPDX-License-Identifier: Apache-2.0
// What attention needs besides its matrix products (Vaswani et al. 2017): heads put apart and together, and
// the causal softmax, a block a row, whose probabilities are made again in the backward pass from the
// logarithms of the rows' sums.
#include "nn/cuda/arithmetic.hpp"
#include "nn/cuda/drop_cuda.hpp"
#include "nn/cuda/kernels_cuda.hpp"
#include "nn/cuda/launch_cuda.hpp"

namespace rankine::nn::cuda {

namespace {

/// planes[i] and the number of `joined` at the same head, position and channel: which way, `to_planes` says.
template <class T>
__global__ void rearrange(T* planes, T* joined, Heads heads, std::size_t count, bool to_planes) {
  const std::size_t plane_size = heads.plane();
  const std::size_t plane_count = count / plane_size;
  for (std::size_t i = place(); i < count; i += stride()) {
    const std::size_t at = merged_index(heads, i % plane_size, i / plane_size, plane_count);
    if (to_planes)
      planes[i] = joined[at];
    else
      joined[at] = planes[i];
  }
}

template <class T>
__global__ void softmax_row(const float* scores, T* shares, float* logs, std::size_t length, float scale,
                            Dropout dropout, QueryRows queries) {
  __shared__ float shared[kThreads / 32];
  const std::size_t row = blockIdx.x, query = row % length, start = row * length;
  float most = -INFINITY;
  for (std::size_t key = threadIdx.x; attends(query, key); key += kThreads)
    most = fmaxf(most, scores[start + key] * scale);
  most = block_max(most, shared);
  float sum = 0;
  for (std::size_t key = threadIdx.x; attends(query, key); key += kThreads)
    sum += expf(scores[start + key] * scale - most);
  const float log = most + logf(block_sum(sum, shared));
  for (std::size_t key = threadIdx.x; key < length; key += kThreads) {
    const float share = attends(query, key) ? expf(scores[start + key] * scale - log) : 0.0f;
    shares[start + key] = narrow<T>(share * drop_factor(dropout, global_query(queries, row, length), key));
  }
  if (threadIdx.x == 0) logs[row] = log;
}

template <class T>
__global__ void softmax_row_backward(const float* scores, const float* logs, const float* d_shares, T* shares,
                                     T* d_scores, std::size_t length, float scale, Dropout dropout,
                                     QueryRows queries) {
  __shared__ float shared[kThreads / 32];
  const std::size_t row = blockIdx.x, query = row % length, start = row * length;
  const float log = logs[row];
  float sum = 0;
  for (std::size_t key = threadIdx.x; attends(query, key); key += kThreads) {
    const float share = expf(scores[start + key] * scale - log);
    sum += share * d_shares[start + key] * drop_factor(dropout, global_query(queries, row, length), key);
  }
  const float mean = block_sum(sum, shared);
  for (std::size_t key = threadIdx.x; key < length; key += kThreads) {
    const bool seen = attends(query, key);
    const float factor = seen ? drop_factor(dropout, global_query(queries, row, length), key) : 0.0f;
    const float share = seen ? expf(scores[start + key] * scale - log) : 0.0f;
    shares[start + key] = narrow<T>(share * factor);
    const float slope = seen ? share * (d_shares[start + key] * factor - mean) * scale : 0.0f;
    d_scores[start + key] = narrow<T>(slope);
  }
}

template <class T>
void queue_rearrange(cudaStream_t stream, T* planes, T* joined, const Heads& heads, std::size_t planes_count,
                     bool to_planes) {
  const std::size_t count = planes_count * heads.plane();
  launch("rearrange", rearrange<T>, blocks_for(count), stream, planes, joined, heads, count, to_planes);
}

}  // namespace

template <class T>
void Attention<T>::split(cudaStream_t stream, const T* joined, T* planes, const Heads& heads) {
  queue_rearrange(stream, planes, const_cast<T*>(joined), heads, 3, true);
}
template <class T>
void Attention<T>::join(cudaStream_t stream, const T* planes, T* joined, const Heads& heads) {
  queue_rearrange(stream, const_cast<T*>(planes), joined, heads, 3, false);
}
template <class T>
void Attention<T>::split_one(cudaStream_t stream, const T* joined, T* plane, const Heads& heads) {
  queue_rearrange(stream, plane, const_cast<T*>(joined), heads, 1, true);
}
template <class T>
void Attention<T>::join_one(cudaStream_t stream, const T* plane, T* joined, const Heads& heads) {
  queue_rearrange(stream, const_cast<T*>(plane), joined, heads, 1, false);
}

template <class T>
void Attention<T>::softmax(cudaStream_t stream, const float* scores, T* shares, float* logs, std::size_t rows,
                           std::size_t length, float scale, Dropout dropout, QueryRows queries) {
  launch("softmax_row", softmax_row<T>, block_each(rows), stream, scores, shares, logs, length, scale,
         dropout, queries);
}

template <class T>
void Attention<T>::softmax_backward(cudaStream_t stream, const float* scores, const float* logs,
                                    const float* d_shares, T* shares, T* d_scores, std::size_t rows,
                                    std::size_t length, float scale, Dropout dropout, QueryRows queries) {
  launch("softmax_row_backward", softmax_row_backward<T>, block_each(rows), stream, scores, logs, d_shares,
         shares, d_scores, length, scale, dropout, queries);
}

template struct Attention<float>;
template struct Attention<Bf16>;

}  // namespace rankine::nn::cuda
