// SPDX-License-Identifier: Apache-2.0
// The inner loops of learning on float32: one matrix product in three roles, heads, losses, Adam. Each output
// number is one chain of fused multiply-adds in a fixed order over sixteen lanes, whatever the tile, the
// number of rows or the processor: all instruction paths give the same bits, and a row has the same bits in
// any batch. Only plain declarations stand here: files that include this are compiled for processors that the
// rest of the program may not assume.
#pragma once

namespace rankine::rl::learn {

inline constexpr int kLanes = 16;

/// The next multiple of 16: widths and strides are padded, padding holds zeros.
constexpr int padded(int n) {
  return (n + kLanes - 1) / kLanes * kLanes;
}

enum class Epilogue {
  kNone,
  kTanh,
  kRelu,
  kTanhSlope,  ///< times 1 - h^2, h the activation that was
  kReluSlope   ///< times h > 0
};

/// y[m][n] = epilogue(start + sum over k of x[m, k] w[k][n]); x[m, k] lies at x[m x_row + k x_step].
struct Product {
  const float* x = nullptr;
  long x_row = 0;
  long x_step = 0;
  const float* w = nullptr;  ///< [steps][w_stride], aligned to 64 bytes, w_stride a multiple of 16
  long w_stride = 0;
  float* y = nullptr;  ///< [rows][y_stride], aligned
  long y_stride = 0;
  int rows = 0;
  int steps = 0;
  int columns = 0;              ///< a multiple of 16
  const float* bias = nullptr;  ///< [columns] or null: start from it
  bool add = false;             ///< start from y itself
  Epilogue epilogue = Epilogue::kNone;
  const float* h = nullptr;  ///< [rows][y_stride], for slopes
};

/// A narrow last layer: y[a][r] = b[a] + h[r] . w[a].
struct Head {
  const float* h = nullptr;  ///< [rows][width]
  int rows = 0;
  int width = 0;             ///< a multiple of 16
  const float* w = nullptr;  ///< [outputs][width]
  const float* b = nullptr;  ///< [outputs] or null
  int outputs = 0;
  float* y = nullptr;  ///< [outputs][stride]
  long stride = 0;
  bool squares = false;  ///< h is squared first
};

/// What every loss of a policy reads and writes; arrays are padded to a multiple of 16 rows, `weight` is 0
/// in the padding and 1 elsewhere.
struct PolicyLoss {
  int rows = 0;
  int outputs = 0;
  long stride = 0;
  const float* output = nullptr;     ///< logits or means, [outputs][stride]
  const float* variance = nullptr;   ///< Gaussian only, [outputs][stride]
  const float* action = nullptr;     ///< [1][stride] as a number, or [outputs][stride]
  const float* old_logp = nullptr;   ///< [stride]
  const float* advantage = nullptr;  ///< [stride]
  const float* weight = nullptr;     ///< [stride]
  float clip = 0.2f;
  float entropy = 0;  ///< coefficient
  float scale = 1;    ///< 1 / rows of the whole minibatch
  float* d_output = nullptr;
  float* d_variance = nullptr;
  float* sums = nullptr;  ///< adds: loss, entropy, approximate KL, share clipped
};

struct ValueLoss {
  int rows = 0;
  const float* value = nullptr;
  const float* old_value = nullptr;
  const float* target = nullptr;
  const float* weight = nullptr;
  float clip = 0;   ///< 0: not clipped
  float scale = 1;  ///< coefficient / rows of the whole minibatch, of half the squared error
  float* d_value = nullptr;
  float* sum = nullptr;  ///< adds half the squared error
};

struct Adam {
  float* parameter = nullptr;
  const float* gradient = nullptr;
  float* first = nullptr;
  float* second = nullptr;
  long count = 0;            ///< a multiple of 16
  float gradient_scale = 1;  ///< from clipping
  float step_size = 0;       ///< rate / (1 - 0.9^t)
  float second_scale = 1;    ///< 1 / sqrt(1 - 0.999^t)
  float epsilon = 1e-5f;
};

/// Sampling: logits [outputs][stride], `uniform` [stride] or null for the most likely action.
struct CategoricalAct {
  int rows = 0;
  int outputs = 0;
  long stride = 0;
  const float* logits = nullptr;
  const float* uniform = nullptr;
  float* action = nullptr;  ///< [stride]
  float* logp = nullptr;    ///< [stride]
};

/// log density of `action` under independent normals.
struct GaussianLogp {
  int rows = 0;
  int outputs = 0;
  long stride = 0;
  const float* mean = nullptr;
  const float* variance = nullptr;
  const float* action = nullptr;
  float* logp = nullptr;
};

/// The loops of one instruction path.
struct Kernels {
  const char* name;
  void (*product)(const Product&);
  void (*head)(const Head&);
  void (*column_sums)(const float* x, int rows, long stride, int columns, float* sums);
  void (*transpose)(const float* from, int rows, long from_stride, int columns, float* to, long to_stride);
  void (*categorical_act)(const CategoricalAct&);
  void (*categorical_logp)(const CategoricalAct&);  ///< of the actions that are given
  void (*categorical_loss)(const PolicyLoss&);
  void (*gaussian_logp)(const GaussianLogp&);
  void (*gaussian_loss)(const PolicyLoss&);
  void (*value_loss)(const ValueLoss&);
  void (*exponential)(const float* x, float factor, float* y, long count);  ///< y = exp(factor x)
  void (*hyperbolic_tangent)(const float* x, float* y, long count);
  float (*squares)(const float* x, long count);
  void (*add)(const float* a, const float* b, float* to, long count);  ///< `to` may be one of them
  void (*adam)(const Adam&);
};

extern const Kernels kKernelsBaseline;
extern const Kernels kKernelsV3;
extern const Kernels kKernelsV4;

/// The widest path that this processor can run, or the one that RANKINE_RL_PATH names ("baseline", "v3",
/// "v4"). Throws InputError for an unknown name or a path that the processor or the build does not have.
const Kernels& usable_kernels();

}  // namespace rankine::rl::learn
