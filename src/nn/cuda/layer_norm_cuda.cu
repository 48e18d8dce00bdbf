// SPDX-License-Identifier: Apache-2.0
// Layer normalisation (Ba et al. 2016): a block a row; sums over rows in fixed pieces, then over the pieces.
#include "nn/cuda/arithmetic.hpp"
#include "nn/cuda/kernels_cuda.hpp"
#include "nn/cuda/launch_cuda.hpp"

namespace rankine::nn::cuda {

namespace {

constexpr float kEpsilon = 1e-5f;
constexpr std::size_t kLanes = 8;     ///< threads that share a column in finish_columns
constexpr std::size_t kColumns = 32;  ///< of a block there

template <class T>
__global__ void normalise_rows(const T* input, const T* weight, const T* bias, T* output, float* mean,
                               float* deviation, std::size_t width) {
  __shared__ float shared[kThreads / 32];
  const std::size_t row = blockIdx.x;
  const T* x = input + row * width;
  float sum = 0;
  for (std::size_t c = threadIdx.x; c < width; c += kThreads) sum += widen(x[c]);
  const float centre = block_sum(sum, shared) / static_cast<float>(width);
  float squares = 0;
  for (std::size_t c = threadIdx.x; c < width; c += kThreads) {
    const float off = widen(x[c]) - centre;
    squares += off * off;
  }
  const float inverse = 1.0f / sqrtf(block_sum(squares, shared) / static_cast<float>(width) + kEpsilon);
  for (std::size_t c = threadIdx.x; c < width; c += kThreads) {
    const float shift = bias == nullptr ? 0.0f : widen(bias[c]);
    output[row * width + c] = narrow<T>((widen(x[c]) - centre) * inverse * widen(weight[c]) + shift);
  }
  if (threadIdx.x == 0) {
    mean[row] = centre;
    deviation[row] = inverse;
  }
}

/// d_input = skip + the gradient through the normalisation; skip may be null, or d_input itself.
template <class T>
__global__ void normalise_rows_backward(const T* input, const T* weight, const float* mean,
                                        const float* deviation, const T* d_output, const T* skip, T* d_input,
                                        std::size_t width) {
  __shared__ float shared[kThreads / 32];
  const std::size_t row = blockIdx.x, start = row * width;
  const float centre = mean[row], inverse = deviation[row];
  float sum = 0, product = 0;
  for (std::size_t c = threadIdx.x; c < width; c += kThreads) {
    const float d = widen(d_output[start + c]) * widen(weight[c]);
    sum += d;
    product += d * (widen(input[start + c]) - centre) * inverse;
  }
  const float d_mean = block_sum(sum, shared) / static_cast<float>(width);
  const float d_product = block_sum(product, shared) / static_cast<float>(width);
  for (std::size_t c = threadIdx.x; c < width; c += kThreads) {
    const float d = widen(d_output[start + c]) * widen(weight[c]);
    const float normal = (widen(input[start + c]) - centre) * inverse;
    const float before = skip == nullptr ? 0.0f : widen(skip[start + c]);
    d_input[start + c] = narrow<T>(before + inverse * (d - d_mean - normal * d_product));
  }
}

/// Of the rows of piece blockIdx.x, for each column: d_output times the normalised input, and d_output.
template <class T>
__global__ void sum_piece_of_norm(const T* input, const float* mean, const float* deviation,
                                  const T* d_output, float* weights, float* biases, std::size_t rows,
                                  std::size_t width) {
  const std::size_t c = std::size_t{blockIdx.y} * kThreads + threadIdx.x;
  if (c >= width) return;
  const std::size_t first = std::size_t{blockIdx.x} * kRowsOfPiece;
  const std::size_t last = first + kRowsOfPiece < rows ? first + kRowsOfPiece : rows;
  float weight = 0, bias = 0;
  for (std::size_t row = first; row < last; ++row) {
    const float d = widen(d_output[row * width + c]);
    weight += d * (widen(input[row * width + c]) - mean[row]) * deviation[row];
    bias += d;
  }
  weights[blockIdx.x * width + c] = weight;
  biases[blockIdx.x * width + c] = bias;
}

template <class T>
__global__ void sum_piece(const T* values, float* sums, std::size_t rows, std::size_t width) {
  const std::size_t c = std::size_t{blockIdx.y} * kThreads + threadIdx.x;
  if (c >= width) return;
  const std::size_t first = std::size_t{blockIdx.x} * kRowsOfPiece;
  const std::size_t last = first + kRowsOfPiece < rows ? first + kRowsOfPiece : rows;
  float sum = 0;
  for (std::size_t row = first; row < last; ++row) sum += widen(values[row * width + c]);
  sums[blockIdx.x * width + c] = sum;
}

/// into[c] += the sum of the pieces' sums: kLanes threads a column, then these in order.
__global__ void finish_columns(const float* sums, float* into, std::size_t pieces, std::size_t width) {
  __shared__ float shared[kLanes][kColumns];
  const std::size_t lane = threadIdx.x / kColumns, column = threadIdx.x % kColumns;
  const std::size_t c = std::size_t{blockIdx.x} * kColumns + column;
  float sum = 0;
  if (c < width)
    for (std::size_t piece = lane; piece < pieces; piece += kLanes) sum += sums[piece * width + c];
  shared[lane][column] = sum;
  __syncthreads();
  if (lane != 0 || c >= width) return;
  float all = 0;
  for (std::size_t k = 0; k < kLanes; ++k) all += shared[k][column];
  into[c] += all;
}
static_assert(kLanes * kColumns == kThreads);

void finish(cudaStream_t stream, const float* sums, float* into, std::size_t pieces, std::size_t width) {
  launch("finish_columns", finish_columns, block_each(pieces_of(width, kColumns)), stream, sums, into, pieces,
         width);
}

}  // namespace

template <class T>
void Norms<T>::forward(cudaStream_t stream, const T* input, const T* weight, const T* bias, T* output,
                       NormStats stats, std::size_t rows, std::size_t width) {
  launch("normalise_rows", normalise_rows<T>, block_each(rows), stream, input, weight, bias, output,
         stats.mean, stats.deviation, width);
}

template <class T>
void Norms<T>::backward(cudaStream_t stream, const T* input, const T* weight, NormStats stats,
                        const T* d_output, const T* skip, T* d_input, float* d_weight, float* d_bias,
                        std::size_t rows, std::size_t width, float* scratch) {
  const std::size_t pieces = pieces_of(rows, kRowsOfPiece);
  float* weights = scratch;
  float* biases = scratch + pieces * width;
  launch("sum_piece_of_norm", sum_piece_of_norm<T>, block_each(pieces, pieces_of(width, kThreads)), stream,
         input, stats.mean, stats.deviation, d_output, weights, biases, rows, width);
  finish(stream, weights, d_weight, pieces, width);
  if (d_bias != nullptr) finish(stream, biases, d_bias, pieces, width);
  launch("normalise_rows_backward", normalise_rows_backward<T>, block_each(rows), stream, input, weight,
         stats.mean, stats.deviation, d_output, skip, d_input, width);
}

template <class T>
void Norms<T>::add_column_sums(cudaStream_t stream, const T* values, float* into, std::size_t rows,
                               std::size_t width, float* scratch) {
  const std::size_t pieces = pieces_of(rows, kRowsOfPiece);
  launch("sum_piece", sum_piece<T>, block_each(pieces, pieces_of(width, kThreads)), stream, values, scratch,
         rows, width);
  finish(stream, scratch, into, pieces, width);
}

template struct Norms<float>;
template struct Norms<Bf16>;

}  // namespace rankine::nn::cuda
