// SPDX-License-Identifier: Apache-2.0
// Softmax and cross-entropy over rows of logits, a block a row, in steps between which the members of a
// tensor-parallel group add up what they found in their parts of the classes.
#include "nn/cuda/kernels_cuda.hpp"
#include "nn/cuda/launch_cuda.hpp"

namespace rankine::nn::cuda {

namespace {

template <class T>
__global__ void largest_of_row(const T* logits, float* largest, std::size_t classes) {
  __shared__ float shared[kThreads / 32];
  const T* row = logits + std::size_t{blockIdx.x} * classes;
  float most = -INFINITY;
  for (std::size_t k = threadIdx.x; k < classes; k += kThreads) most = fmaxf(most, widen(row[k]));
  most = block_max(most, shared);
  if (threadIdx.x == 0) largest[blockIdx.x] = most;
}

template <class T>
__global__ void sums_of_row(const T* logits, const std::int32_t* targets, const float* largest, float* sums,
                            std::size_t classes, std::size_t first_class) {
  __shared__ float shared[kThreads / 32];
  const T* row = logits + std::size_t{blockIdx.x} * classes;
  const float most = largest[blockIdx.x];
  float sum = 0;
  for (std::size_t k = threadIdx.x; k < classes; k += kThreads) sum += expf(widen(row[k]) - most);
  sum = block_sum(sum, shared);
  if (threadIdx.x != 0) return;
  const std::int64_t target = std::int64_t{targets[blockIdx.x]} - static_cast<std::int64_t>(first_class);
  const bool mine = targets[blockIdx.x] >= 0 && target >= 0 && target < static_cast<std::int64_t>(classes);
  sums[blockIdx.x] = sum;
  sums[gridDim.x + blockIdx.x] = mine ? widen(row[target]) : 0.0f;
}

/// One block: thread t takes rows t, t + 256, ...; then the threads' sums in the order of block_sum.
__global__ void add_losses(const std::int32_t* targets, const float* largest, const float* sums, float* logs,
                           double* totals, std::size_t rows) {
  __shared__ double shared[kThreads / 32];
  double loss = 0, count = 0, right = 0;
  for (std::size_t row = threadIdx.x; row < rows; row += kThreads) {
    const float log = largest[row] + logf(sums[row]);
    logs[row] = log;
    if (targets[row] < 0) continue;
    const float logit = sums[rows + row];
    loss += static_cast<double>(log - logit);
    count += 1;
    right += logit == largest[row] ? 1 : 0;
  }
  loss = block_sum(loss, shared);
  count = block_sum(count, shared);
  right = block_sum(right, shared);
  if (threadIdx.x != 0) return;
  totals[0] = loss;
  totals[1] = count;
  totals[2] = right;
}

template <class T>
__global__ void slopes(const T* logits, const std::int32_t* targets, const float* logs, const double* totals,
                       float scale, T* d_logits, std::size_t count, std::size_t classes,
                       std::size_t first_class) {
  const float factor = totals[1] > 0 ? static_cast<float>(scale / totals[1]) : 0.0f;
  for (std::size_t i = place(); i < count; i += stride()) {
    const std::size_t row = i / classes;
    const auto target = static_cast<std::int64_t>(targets[row]);
    const auto mine = static_cast<std::int64_t>(first_class + i % classes);
    const float share = expf(widen(logits[i]) - logs[row]) - (mine == target ? 1.0f : 0.0f);
    d_logits[i] = narrow<T>(target < 0 ? 0.0f : share * factor);
  }
}

}  // namespace

template <class T>
void CrossEntropy<T>::row_max(cudaStream_t stream, const T* logits, float* largest, std::size_t rows,
                              std::size_t classes) {
  launch("largest_of_row", largest_of_row<T>, block_each(rows), stream, logits, largest, classes);
}

template <class T>
void CrossEntropy<T>::row_sums(cudaStream_t stream, const T* logits, const std::int32_t* targets,
                               const float* largest, float* sums, std::size_t rows, std::size_t classes,
                               std::size_t first_class) {
  launch("sums_of_row", sums_of_row<T>, block_each(rows), stream, logits, targets, largest, sums, classes,
         first_class);
}

template <class T>
void CrossEntropy<T>::backward(cudaStream_t stream, const T* logits, const std::int32_t* targets,
                               const float* logs, const double* totals, float scale, T* d_logits,
                               std::size_t rows, std::size_t classes, std::size_t first_class) {
  launch("slopes", slopes<T>, blocks_for(rows * classes), stream, logits, targets, logs, totals, scale,
         d_logits, rows * classes, classes, first_class);
}

void finish_loss(cudaStream_t stream, const std::int32_t* targets, const float* largest, const float* sums,
                 float* logs, double* totals, std::size_t rows) {
  launch("add_losses", add_losses, block_each(1), stream, targets, largest, sums, logs, totals, rows);
}

template struct CrossEntropy<float>;
template struct CrossEntropy<Bf16>;

}  // namespace rankine::nn::cuda
