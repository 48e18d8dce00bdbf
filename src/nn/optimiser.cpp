// SPDX-License-Identifier: Apache-2.0
#include <rankine/nn/optimiser.hpp>

#include <cmath>
#include <cstddef>

namespace rankine::nn {

void Optimiser::step(std::span<float> parameters, std::span<const float> gradient) {
  const std::size_t size = parameters.size();
  first.resize(size);
  ++steps;
  if (kind == Kind::sgd) {
    for (std::size_t k = 0; k < size; ++k) {
      first[k] = static_cast<float>(momentum) * first[k] + gradient[k];
      parameters[k] -= static_cast<float>(rate) * first[k];
    }
    return;
  }
  second.resize(size);
  const auto count = static_cast<double>(steps);
  const auto step =
      static_cast<float>(rate * std::sqrt(1 - std::pow(beta2, count)) / (1 - std::pow(beta1, count)));
  const auto small = static_cast<float>(epsilon * std::sqrt(1 - std::pow(beta2, count)));
  const auto keep1 = static_cast<float>(beta1);
  const auto keep2 = static_cast<float>(beta2);
  for (std::size_t k = 0; k < size; ++k) {
    first[k] = keep1 * first[k] + (1 - keep1) * gradient[k];
    second[k] = keep2 * second[k] + (1 - keep2) * gradient[k] * gradient[k];
    parameters[k] -= step * first[k] / (std::sqrt(second[k]) + small);
  }
}

}  // namespace rankine::nn
