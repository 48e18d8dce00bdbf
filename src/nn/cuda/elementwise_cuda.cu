// SPDX-License-Identifier: Apache-2.0
// Loops over single numbers: biases, GELU, ReLU, residual sums, dropout; and the embedding with its gradient.
#include "nn/cuda/arithmetic.hpp"
#include "nn/cuda/drop_cuda.hpp"
#include "nn/cuda/kernels_cuda.hpp"
#include "nn/cuda/launch_cuda.hpp"

namespace rankine::nn::cuda {

namespace {

constexpr std::size_t kLanes = 8;     ///< threads that share a column of a token's gradient
constexpr std::size_t kColumns = 32;  ///< of a block there
static_assert(kLanes * kColumns == kThreads);

template <class T>
__global__ void add_bias_to(T* values, const T* bias, std::size_t count, std::size_t width) {
  for (std::size_t i = place(); i < count; i += stride())
    values[i] = narrow<T>(widen(values[i]) + widen(bias[i % width]));
}

template <class T>
__global__ void gelu_of(const T* input, T* output, std::size_t count) {
  for (std::size_t i = place(); i < count; i += stride()) {
    const float x = widen(input[i]);
    output[i] = narrow<T>(0.5f * x * (1.0f + erff(x * kInverseRootTwo)));
  }
}

template <class T>
__global__ void gelu_slope(const T* input, const T* d_output, T* d_input, std::size_t count) {
  for (std::size_t i = place(); i < count; i += stride()) {
    const float x = widen(input[i]);
    const float below = 0.5f * (1.0f + erff(x * kInverseRootTwo));
    const float slope = below + x * kInverseRootTwoPi * expf(-0.5f * x * x);
    d_input[i] = narrow<T>(widen(d_output[i]) * slope);
  }
}

template <class T>
__global__ void add_dropped(const T* skip, const T* values, T* output, std::size_t count, std::size_t width,
                            DropPlan drop) {
  for (std::size_t i = place(); i < count; i += stride()) {
    const float before = skip == nullptr ? 0.0f : widen(skip[i]);
    const float factor = drop_factor(drop.dropout, drop.first_row + i / width, i % width);
    output[i] = narrow<T>(before + widen(values[i]) * factor);
  }
}

template <class T>
__global__ void rectify_of(T* values, const T* bias, std::size_t count, std::size_t width, Dropout dropout) {
  for (std::size_t i = place(); i < count; i += stride()) {
    const float sum = widen(values[i]) + widen(bias[i % width]);
    const float factor = drop_factor(dropout, i / width, i % width);
    values[i] = narrow<T>(sum > 0.0f ? sum * factor : 0.0f);
  }
}

template <class T>
__global__ void rectify_slope(const T* output, const T* d_output, T* d_input, std::size_t count,
                              float factor) {
  for (std::size_t i = place(); i < count; i += stride())
    d_input[i] = narrow<T>(widen(output[i]) > 0.0f ? widen(d_output[i]) * factor : 0.0f);
}

/// Rows of a table; 0 where a token is not among this member's.
template <class T>
__global__ void look_up(const std::int32_t* tokens, const T* table, T* output, std::size_t count,
                        std::size_t width, TokenRange range) {
  for (std::size_t i = place(); i < count; i += stride()) {
    const std::size_t row = i / width;
    const float value =
        range.holds(tokens[row]) ? widen(table[range.row(tokens[row]) * width + i % width]) : 0.0f;
    output[i] = narrow<T>(value);
  }
}

template <class T>
__global__ void add_positions_to(T* values, const T* table, std::size_t count, std::size_t length,
                                 std::size_t width, DropPlan drop) {
  for (std::size_t i = place(); i < count; i += stride()) {
    const std::size_t row = drop.first_row + i / width, column = i % width;
    const float sum = widen(values[i]) + widen(table[row % length * width + column]);
    values[i] = narrow<T>(sum * drop_factor(drop.dropout, row, column));
  }
}

/// order[k] = the place that comes k-th by (token, place): each place counts those before it.
__global__ void order_places(const std::int32_t* tokens, std::int32_t* order, std::size_t count) {
  __shared__ std::int32_t others[kThreads];
  const std::size_t mine = place();
  const std::int32_t token = mine < count ? tokens[mine] : 0;
  std::size_t before = 0;
  for (std::size_t first = 0; first < count; first += kThreads) {
    const std::size_t other = first + threadIdx.x;
    __syncthreads();
    if (other < count) others[threadIdx.x] = tokens[other];
    __syncthreads();
    const std::size_t here = count - first < kThreads ? count - first : kThreads;
    for (std::size_t k = 0; k < here; ++k) before += comes_before(others[k], first + k, token, mine) ? 1 : 0;
  }
  if (mine < count) order[before] = static_cast<std::int32_t>(mine);
}

/// A block for the k-th place in order; if it is a token's first, it adds all rows of that token.
template <class T>
__global__ void sum_rows_of_token(const std::int32_t* tokens, const std::int32_t* order, const T* d_output,
                                  float* d_table, std::size_t count, std::size_t width, TokenRange range) {
  __shared__ float shared[kLanes][kColumns];
  const std::size_t k = blockIdx.x;
  const std::int32_t token = tokens[order[k]];
  if (!range.holds(token) || (k > 0 && tokens[order[k - 1]] == token)) return;  // the whole block leaves
  const std::size_t lane = threadIdx.x / kColumns, column = threadIdx.x % kColumns;
  const std::size_t c = std::size_t{blockIdx.y} * kColumns + column;
  float sum = 0;
  for (std::size_t at = k + lane; c < width && at < count; at += kLanes) {
    const auto row = static_cast<std::size_t>(order[at]);
    if (tokens[row] != token) break;
    sum += widen(d_output[row * width + c]);
  }
  shared[lane][column] = sum;
  __syncthreads();
  if (lane != 0 || c >= width) return;
  float all = 0;
  for (std::size_t l = 0; l < kLanes; ++l) all += shared[l][column];
  d_table[range.row(token) * width + c] += all;
}

/// Of position t the rows r with (first_row + r) % length == t, in order.
template <class T>
__global__ void sum_rows_of_position(const T* d_output, float* d_table, std::size_t rows,
                                     std::size_t first_row, std::size_t length, std::size_t width) {
  for (std::size_t i = place(); i < length * width; i += stride()) {
    const std::size_t position = i / width, column = i % width;
    float sum = 0;
    for (std::size_t row = (position + length - first_row % length) % length; row < rows; row += length)
      sum += widen(d_output[row * width + column]);
    d_table[i] += sum;
  }
}

__global__ void add_to(float* into, const float* from, std::size_t count) {
  for (std::size_t i = place(); i < count; i += stride()) into[i] += from[i];
}

}  // namespace

template <class T>
void Elementwise<T>::add_bias(cudaStream_t stream, T* values, const T* bias, std::size_t rows,
                              std::size_t width) {
  launch("add_bias_to", add_bias_to<T>, blocks_for(rows * width), stream, values, bias, rows * width, width);
}

template <class T>
void Elementwise<T>::gelu(cudaStream_t stream, const T* input, T* output, std::size_t count) {
  launch("gelu_of", gelu_of<T>, blocks_for(count), stream, input, output, count);
}

template <class T>
void Elementwise<T>::gelu_backward(cudaStream_t stream, const T* input, const T* d_output, T* d_input,
                                   std::size_t count) {
  launch("gelu_slope", gelu_slope<T>, blocks_for(count), stream, input, d_output, d_input, count);
}

template <class T>
void Elementwise<T>::add_residual(cudaStream_t stream, const T* skip, const T* values, T* output,
                                  std::size_t rows, std::size_t width, DropPlan drop) {
  launch("add_dropped", add_dropped<T>, blocks_for(rows * width), stream, skip, values, output, rows * width,
         width, drop);
}

template <class T>
void Elementwise<T>::rectify(cudaStream_t stream, T* values, const T* bias, std::size_t rows,
                             std::size_t width, Dropout dropout) {
  launch("rectify_of", rectify_of<T>, blocks_for(rows * width), stream, values, bias, rows * width, width,
         dropout);
}

template <class T>
void Elementwise<T>::rectify_backward(cudaStream_t stream, const T* output, const T* d_output, T* d_input,
                                      std::size_t count, float factor) {
  launch("rectify_slope", rectify_slope<T>, blocks_for(count), stream, output, d_output, d_input, count,
         factor);
}

template <class T>
void Embedding<T>::tokens(cudaStream_t stream, const std::int32_t* tokens, const T* table, T* output,
                          std::size_t rows, std::size_t width, TokenRange range) {
  launch("look_up", look_up<T>, blocks_for(rows * width), stream, tokens, table, output, rows * width, width,
         range);
}

template <class T>
void Embedding<T>::add_positions(cudaStream_t stream, T* values, const T* table, std::size_t rows,
                                 std::size_t length, std::size_t width, DropPlan drop) {
  launch("add_positions_to", add_positions_to<T>, blocks_for(rows * width), stream, values, table,
         rows * width, length, width, drop);
}

template <class T>
void Embedding<T>::tokens_backward(cudaStream_t stream, const std::int32_t* tokens, const T* d_output,
                                   float* d_table, std::size_t rows, std::size_t width, TokenRange range,
                                   std::int32_t* order) {
  launch("order_places", order_places, block_each(pieces_of(rows, kThreads)), stream, tokens, order, rows);
  launch("sum_rows_of_token", sum_rows_of_token<T>, block_each(rows, pieces_of(width, kColumns)), stream,
         tokens, order, d_output, d_table, rows, width, range);
}

template <class T>
void Embedding<T>::positions_backward(cudaStream_t stream, const T* d_output, float* d_table,
                                      std::size_t rows, std::size_t first_row, std::size_t length,
                                      std::size_t width) {
  launch("sum_rows_of_position", sum_rows_of_position<T>, blocks_for(length * width), stream, d_output,
         d_table, rows, first_row, length, width);
}

void add(cudaStream_t stream, float* into, const float* from, std::size_t count) {
  launch("add_to", add_to, blocks_for(count), stream, into, from, count);
}

template struct Elementwise<float>;
template struct Elementwise<Bf16>;
template struct Embedding<float>;
template struct Embedding<Bf16>;

}  // namespace rankine::nn::cuda
