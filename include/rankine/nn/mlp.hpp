// SPDX-License-Identifier: Apache-2.0
// A multi-layer perceptron for classification, with its gradient by hand: dense layers, ReLU between them,
// softmax and cross-entropy at the end. All parameters are one flat vector, which is what optimisers,
// checkpoints and reductions over ranks want. No threads, no files; the same bits on every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankine::nn {

class Mlp {
 public:
  /// `widths`: inputs, hidden layers, classes. Weights are normal with variance 2 / inputs of the layer (He
  /// et al. 2015), biases 0. Throws InputError for fewer than two widths or one that is 0.
  Mlp(std::vector<std::size_t> widths, std::uint64_t seed);

  std::size_t inputs() const { return widths_.front(); }
  std::size_t classes() const { return widths_.back(); }
  /// Layer by layer: weights [outputs][inputs] column by column, then biases [outputs].
  std::span<float> parameters() { return parameters_; }
  std::span<const float> parameters() const { return parameters_; }

  /// Mean cross-entropy of the rows, in nats, plus weight_decay / 2 times the sum of squared parameters; its
  /// gradient replaces what `gradient` [parameters] held. `features`: [rows][inputs]. `labels`: [rows].
  double loss_and_gradient(std::span<const float> features, std::span<const std::uint8_t> labels,
                           double weight_decay, std::span<float> gradient) const;

  struct Score {
    double loss = 0;   ///< mean cross-entropy in nats
    double error = 0;  ///< share of rows whose largest output is another class
  };
  Score score(std::span<const float> features, std::span<const std::uint8_t> labels) const;

 private:
  std::vector<std::size_t> widths_;
  std::vector<std::size_t> offsets_;  ///< of each layer's weights
  std::vector<float> parameters_;
};

}  // namespace rankine::nn
