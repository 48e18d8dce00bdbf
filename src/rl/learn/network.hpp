// SPDX-License-Identifier: Apache-2.0
// Policy and value networks: where each layer's parameters lie in one flat vector, their initial values, and
// forward and backward passes over batches. Layers are padded to sixteen columns; padding is zero and stays
// so. It knows no losses and no environments.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <rankine/rl/ppo_config.hpp>

#include "rl/learn/kernels.hpp"
#include "rl/learn/memory.hpp"

namespace rankine::rl::learn {

/// Where a layer lies. A hidden layer's weights are [in][width], a head's are [out][padded(in)].
struct Layer {
  int in = 0;
  int out = 0;
  int width = 0;  ///< padded: columns of a hidden layer, or of a head's rows
  long weights = 0;
  long biases = 0;
};

/// The layout of all parameters of a policy and its value function.
struct Layout {
  Layout(const Spaces& spaces, const PpoConfig& config);

  int observations = 0;
  int outputs = 0;  ///< logits, or numbers of a continuous action
  bool discrete = true;
  bool state_noise = false;  ///< gSDE
  Activation activation = Activation::kTanh;
  bool shared = false;
  std::vector<Layer> trunks[2];  ///< of the policy, of the value (empty if shared)
  Layer heads[2];
  long log_std = -1;       ///< [padded(outputs)], or [outputs][width] with gSDE; -1 if discrete
  long log_std_count = 0;  ///< padded
  long count = 0;          ///< of all parameters, a multiple of 16

  int features() const { return heads[0].width; }
};

/// Orthogonal (gains sqrt 2, 0.01 for the policy's head, 1 for the value's; biases 0), or uniform in
/// 1 / sqrt(inputs).
Floats initial_parameters(const Layout& layout, const PpoConfig& config);

/// Memory of one batch of up to `rows_max` rows, and what the last forward pass left there.
class Pass {
 public:
  Pass(const Layout& layout, const Kernels& kernels, int rows_max);

  /// `observations` is [rows][layout.observations]. Afterwards output(), value() and variance() are there.
  void forward(const float* parameters, const float* observations, int rows);
  /// Adds nothing: writes the gradient of a loss whose slopes lie in d_output(), d_value(), d_variance().
  void backward(const float* parameters, const float* observations, int rows, float* gradient);

  /// To be called when the parameters are other ones than those of the last backward pass.
  void parameters_changed() { changed_ = true; }

  int stride() const { return stride_; }
  float* output() { return output_.data(); }      ///< [outputs][stride]
  float* value() { return value_.data(); }        ///< [stride]
  float* variance() { return variance_.data(); }  ///< [outputs][stride], continuous only
  float* d_output() { return d_output_.data(); }
  float* d_value() { return d_value_.data(); }
  float* d_variance() { return d_variance_.data(); }
  /// The policy's last hidden layer, [rows][layout.features()].
  const float* features() const { return hidden_[0].back().data(); }

 private:
  void trunk_forward(int which, const float* parameters, const float* observations, int rows);
  void trunk_backward(int which, const float* parameters, const float* observations, int rows,
                      float* gradient);
  void head_forward(int which, const float* parameters, int rows, float* y);
  void head_backward(int which, const float* parameters, const float* dy, int rows, bool add, bool last,
                     float* gradient);
  void make_variance(const float* parameters, int rows);
  void variance_backward(int rows, float* gradient);
  int trunk_of(int which) const { return layout_.shared ? 0 : which; }

  const Layout& layout_;
  const Kernels& kernels_;
  int stride_;
  bool changed_ = true;                // transposed_ is not that of the parameters
  std::vector<Floats> hidden_[2];      // activations a layer
  std::vector<Floats> slopes_[2];      // and the loss's slopes by their inputs
  std::vector<Floats> transposed_[2];  // weights of each layer, [out][padded(in)]
  Floats output_, value_, variance_, d_output_, d_value_, d_variance_;
  Floats spread_;  // exp(2 log_std)
};

}  // namespace rankine::rl::learn
