// SPDX-License-Identifier: Apache-2.0
// First-order optimisers over a flat vector of parameters: gradient descent with momentum, and Adam (Kingma
// and Ba 2015, algorithm 1). Plain values: a checkpoint is a copy.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rankine::nn {

struct Optimiser {
  enum class Kind : std::uint8_t { sgd, adam };
  Kind kind = Kind::adam;
  double rate = 1e-3;
  double momentum = 0.9;                              ///< of sgd
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< of adam
  std::int64_t steps = 0;
  std::vector<float> first;   ///< velocity, or mean of gradients
  std::vector<float> second;  ///< adam: mean of their squares

  /// Moves the parameters by one step along -gradient.
  void step(std::span<float> parameters, std::span<const float> gradient);

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& kind& rate& momentum& beta1& beta2& epsilon& steps& first& second;
  }
};

}  // namespace rankine::nn
