// SPDX-License-Identifier: Apache-2.0
// What the kernels do, by the functions that queue them on a stream. All pointers are on the device;
// T is how numbers are stored (float or Bf16), sums are in float. No kernel adds floats atomically: the same
// input gives the same bits. Sizes of scratch are said by scratch_* below.
#pragma once

#include <cstddef>
#include <cstdint>

#include <cuda_runtime_api.h>

#include "nn/bf16.hpp"
#include "nn/cuda/arithmetic.hpp"
#include "nn/dropout.hpp"

namespace rankine::nn::cuda {

/// Rows whose sums over columns are one piece: the order of sums does not depend on the device.
constexpr std::size_t kRowsOfPiece = 64;

/// Of each row: its mean and one over its standard deviation.
struct NormStats {
  float* mean;
  float* deviation;
};

template <class T>
struct Norms {
  /// output [rows][width] = (input - mean) / deviation * weight + bias; bias may be null.
  static void forward(cudaStream_t stream, const T* input, const T* weight, const T* bias, T* output,
                      NormStats stats, std::size_t rows, std::size_t width);
  /// d_input = skip (null: 0; may be d_input) + the gradient; adds to d_weight and d_bias (may be null).
  /// scratch: 2 pieces x width numbers.
  static void backward(cudaStream_t stream, const T* input, const T* weight, NormStats stats,
                       const T* d_output, const T* skip, T* d_input, float* d_weight, float* d_bias,
                       std::size_t rows, std::size_t width, float* scratch);
  /// into[width] += the sums of values [rows][width] over rows. scratch: pieces x width numbers.
  static void add_column_sums(cudaStream_t stream, const T* values, float* into, std::size_t rows,
                              std::size_t width, float* scratch);
};

constexpr std::size_t scratch_of_columns(std::size_t rows, std::size_t width) {
  return 2 * pieces_of(rows, kRowsOfPiece) * width * sizeof(float);
}

/// Dropout of rows of which the first at hand is row `first_row` of those of all members.
struct DropPlan {
  Dropout dropout;
  std::size_t first_row = 0;
};

/// The tokens whose rows of the table this member has.
struct TokenRange {
  std::int32_t first;
  std::int32_t count;
  constexpr bool holds(std::int32_t token) const { return token >= first && token - first < count; }
  constexpr std::size_t row(std::int32_t token) const { return static_cast<std::size_t>(token - first); }
};

template <class T>
struct Elementwise {
  /// values [rows][width] += bias [width]
  static void add_bias(cudaStream_t stream, T* values, const T* bias, std::size_t rows, std::size_t width);
  static void gelu(cudaStream_t stream, const T* input, T* output, std::size_t count);
  /// d_input = d_output times the slope at input; d_input may be d_output.
  static void gelu_backward(cudaStream_t stream, const T* input, const T* d_output, T* d_input,
                            std::size_t count);
  /// output [rows][width] = skip (may be null: 0) + drop(values); may be in place of either.
  static void add_residual(cudaStream_t stream, const T* skip, const T* values, T* output, std::size_t rows,
                           std::size_t width, DropPlan drop);
  /// values [rows][width] = drop(max(values + bias [width], 0))
  static void rectify(cudaStream_t stream, T* values, const T* bias, std::size_t rows, std::size_t width,
                      Dropout dropout);
  /// d_input = d_output times `factor` where the output is above 0: what was dropped is 0 as what was cut is.
  static void rectify_backward(cudaStream_t stream, const T* output, const T* d_output, T* d_input,
                               std::size_t count, float factor);
};

template <class T>
struct Embedding {
  /// output [rows][width] = the tokens' rows of the table, 0 for tokens out of range.
  static void tokens(cudaStream_t stream, const std::int32_t* tokens, const T* table, T* output,
                     std::size_t rows, std::size_t width, TokenRange range);
  /// values [rows][width] = drop(values + table [length][width]); row r is position (first_row + r) % length.
  static void add_positions(cudaStream_t stream, T* values, const T* table, std::size_t rows,
                            std::size_t length, std::size_t width, DropPlan drop);
  /// Adds to d_table. order: one number a row, scratch.
  static void tokens_backward(cudaStream_t stream, const std::int32_t* tokens, const T* d_output,
                              float* d_table, std::size_t rows, std::size_t width, TokenRange range,
                              std::int32_t* order);
  static void positions_backward(cudaStream_t stream, const T* d_output, float* d_table, std::size_t rows,
                                 std::size_t first_row, std::size_t length, std::size_t width);
};

/// into[i] += from[i]
void add(cudaStream_t stream, float* into, const float* from, std::size_t count);

template <class T>
struct Attention {
  /// joined [examples][length][3][heads][head_width] to three planes [examples][heads][length][head_width].
  static void split(cudaStream_t stream, const T* joined, T* planes, const Heads& heads);
  static void join(cudaStream_t stream, const T* planes, T* joined, const Heads& heads);
  /// The same of one plane: [examples][length][heads][head_width] to [examples][heads][length][head_width].
  static void split_one(cudaStream_t stream, const T* joined, T* plane, const Heads& heads);
  static void join_one(cudaStream_t stream, const T* plane, T* joined, const Heads& heads);

  /// shares [rows][length] = drop(softmax(scale x scores)) over what row r, a query at r % length, attends;
  /// logs [rows]: the logarithm of its sum of exponentials.
  static void softmax(cudaStream_t stream, const float* scores, T* shares, float* logs, std::size_t rows,
                      std::size_t length, float scale, Dropout dropout, QueryRows queries);
  /// From scores and logs again the shares; d_scores [rows][length] from d_shares [rows][length].
  static void softmax_backward(cudaStream_t stream, const float* scores, const float* logs,
                               const float* d_shares, T* shares, T* d_scores, std::size_t rows,
                               std::size_t length, float scale, Dropout dropout, QueryRows queries);
};

/// Cross-entropy whose classes may be split over members: `first_class` is this member's first.
template <class T>
struct CrossEntropy {
  static void row_max(cudaStream_t stream, const T* logits, float* largest, std::size_t rows,
                      std::size_t classes);
  /// sums[rows]: of exp(logit - largest); sums[rows + r]: the target's logit, 0 if it is another member's.
  static void row_sums(cudaStream_t stream, const T* logits, const std::int32_t* targets,
                       const float* largest, float* sums, std::size_t rows, std::size_t classes,
                       std::size_t first_class);
  /// d_logits = (softmax - 1 at the target) x scale / totals[1]; rows without target: 0.
  static void backward(cudaStream_t stream, const T* logits, const std::int32_t* targets, const float* logs,
                       const double* totals, float scale, T* d_logits, std::size_t rows, std::size_t classes,
                       std::size_t first_class);
};

/// logs[r] = largest + log(sum); totals[3]: loss, count and right of all rows, as in LossSum, added in a
/// fixed order.
void finish_loss(cudaStream_t stream, const std::int32_t* targets, const float* largest, const float* sums,
                 float* logs, double* totals, std::size_t rows);

}  // namespace rankine::nn::cuda
