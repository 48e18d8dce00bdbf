// SPDX-License-Identifier: Apache-2.0
// The inner loops of training on float32, compiled for several levels of x86-64 and chosen at run time. Every
// sum is made in an order that depends on the sizes alone, and an element of a product is one chain of
// additions over the steps: how a product is cut into pieces changes no bits. Levels differ in the last bits
// (registers of 4, 8 or 16 lanes; only v3 and v4 fuse), so all ranks of a run must have the same. Only plain
// declarations stand here: files that include this are compiled for processors that the rest of the program
// may not assume.
#pragma once

#include <cstdint>

namespace rankine::nn {

struct Dropout;

/// Columns of a panel of a packed matrix.
inline constexpr long kPanel = 64;

/// Numbers that a packed matrix [steps][columns] takes.
constexpr long packed_size(long steps, long columns) {
  return steps * ((columns + 15) / 16 * 16);
}

/// c[m][n] = start + sum over k of a(m, k) b(k, n), with a(m, k) at a[m a_row + k a_step].
struct Product {
  const float* a = nullptr;
  long a_row = 0;
  long a_step = 1;
  const float* b = nullptr;
  long b_row = 0;  ///< b(k, n) at b[k b_row + n]; 0: packed by Kernels::pack
  float* c = nullptr;
  long c_row = 0;
  long rows = 0;
  long steps = 0;
  long columns = 0;
  long packed_columns = 0;  ///< of the packed b, if it has more than are wanted
  bool add = false;         ///< start from c itself, else from 0
};

/// A matrix that is put into panels of 64 columns (the last rounded up to a multiple of 16, with zeros), each
/// [steps][its columns].
struct Packing {
  const float* from = nullptr;
  long row = 0;
  bool transposed = false;  ///< (k, n) at from[n row + k] instead of from[k row + n]
  long steps = 0;
  long columns = 0;
  float* into = nullptr;
};

/// Rows of layer norm (Ba et al. 2016), epsilon 1e-5.
struct Norm {
  long rows = 0;
  long width = 0;
  const float* x = nullptr;
  const float* weight = nullptr;
  const float* bias = nullptr;  ///< or null
  float* y = nullptr;
  float* mean = nullptr;     ///< [rows]
  float* inverse = nullptr;  ///< [rows]: 1 / deviation
};

struct NormBackward {
  long rows = 0;
  long width = 0;
  const float* x = nullptr;
  const float* weight = nullptr;
  const float* mean = nullptr;
  const float* inverse = nullptr;
  const float* d_y = nullptr;
  const float* d_beside = nullptr;  ///< what goes into x by other ways, or null
  float* d_x = nullptr;
  float* d_weight = nullptr;  ///< [width], is added to
  float* d_bias = nullptr;    ///< [width] or null
};

/// A few rows of one head's attention: scores become weights, causally.
struct Scores {
  float* scores = nullptr;  ///< [queries][row]
  long row = 0;
  long first = 0;  ///< position of the first query
  long queries = 0;
  long keys = 0;              ///< columns, a multiple of 16; those after a query's own become 0
  float scale = 1;            ///< of scores: 1 / sqrt(width of a head)
  float* log_sums = nullptr;  ///< [queries]
};

/// One row of logits.
struct RowSums {
  float largest = 0;
  float sum = 0;  ///< of exp(logit - largest)
};

/// A piece of AdamW: everything that is the same for all elements is already a factor.
struct AdamStep {
  float* parameter = nullptr;
  float* first = nullptr;
  float* second = nullptr;
  const float* gradient = nullptr;
  const unsigned char* decayed = nullptr;
  long count = 0;
  float clip = 1, beta1 = 0, beta2 = 0, epsilon = 0;
  float decay = 0;         ///< rate times weight decay
  float step_size = 0;     ///< rate / (1 - beta1^t)
  float second_scale = 0;  ///< 1 / sqrt(1 - beta2^t)
};

/// The loops of one level.
struct Kernels {
  const char* name;
  void (*product)(const Product&);
  /// y[rows] = w [rows][steps] times x [steps], in another order than a product.
  void (*rows_by_vector)(const float* w, long rows, long steps, const float* x, float* y);
  /// Packs panel number `panel` alone.
  void (*pack)(const Packing&, long panel);
  void (*norm)(const Norm&);
  void (*norm_backward)(const NormBackward&);
  /// y = x Phi(x); erf by Abramowitz and Stegun 7.1.26, off by less than 3e-7 (1 + |x|) in all.
  void (*gelu)(const float* x, float* y, long count);
  /// d becomes d times the slope at x, y the value at x.
  void (*gelu_backward)(const float* x, float* d, float* y, long count);
  void (*softmax)(const Scores&);
  /// Scores become weights by the log sums of the forward pass.
  void (*weights)(const Scores&);
  /// d (by weights) becomes d (by scores before scaling): w (d - sum w d) scale. `w`, `d`: [queries][row].
  void (*weights_backward)(const Scores&, const float* w, float* d);
  RowSums (*row_sums)(const float* logits, long count);
  /// logits become factor exp(logit - log_sum)
  void (*probabilities)(float* logits, long count, float log_sum, float factor);
  void (*dropout_factors)(const Dropout&, std::uint64_t row_key, float* factors, long count);
  void (*add)(float* to, const float* from, long count);
  void (*sum)(float* into, const float* a, const float* b, long count);
  void (*multiply)(float* to, const float* by, long count);
  void (*scale)(float* to, float factor, long count);
  double (*squares)(const float* x, long count);
  void (*adam)(const AdamStep&);
};

extern const Kernels kKernelsBaseline;
extern const Kernels kKernelsV3;
extern const Kernels kKernelsV4;

/// The widest that this processor runs, or the one that RANKINE_NN_LEVEL names ("baseline", "v3", "v4").
/// Throws InputError for an unknown name or a level that the processor or the build does not have.
const Kernels& kernels();

}  // namespace rankine::nn
