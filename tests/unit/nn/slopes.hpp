// SPDX-License-Identifier: Apache-2.0
// A model's gradient against differences of its loss.
#pragma once

#include <cmath>

#include <rankine/core/philox.hpp>

#include "catch.hpp"
#include "model_run.hpp"

namespace rankine::nn::test {

inline double loss_of(Model& model, const Buffers& parameters, const Batch& batch, std::uint64_t key) {
  Threads threads;
  const LossSum loss = run(model, parameters, batch, threads, 1, key, false).loss;
  return loss.loss / loss.count;
}

/// Of each tensor the slope along a direction near its gradient, by the gradient and by differences. Where
/// ReLU has its kink within a step, differences are a little off.
inline void check_slopes(Model& model, const Batch& batch, double step = 4e-3, double tolerance = 3e-3) {
  Buffers parameters = lively(model);
  Threads threads;
  const Outcome outcome = run(model, parameters, batch, threads, 0.5F, 9);
  Philox random(1, 1);
  for (std::size_t u = 0; u < model.units.size(); ++u) {
    std::size_t at = 0;
    for (const Tensor& tensor : model.units[u].tensors) {
      const Buffers before = parameters;
      const float* const gradient = outcome.gradients[u].data() + at;
      std::vector<double> direction(tensor.size());
      const double share = 0.02 / std::sqrt(static_cast<double>(direction.size()));
      double length = 0;
      for (std::size_t k = 0; k < direction.size(); ++k) {
        direction[k] = static_cast<double>(gradient[k]) + share * random.normal();
        length += direction[k] * direction[k];
      }
      double expected = 0;
      for (std::size_t k = 0; k < direction.size(); ++k) {
        direction[k] /= std::sqrt(length);
        expected += direction[k] * static_cast<double>(gradient[k]);
      }
      double losses[2];
      for (int side = 0; side < 2; ++side) {
        for (std::size_t k = 0; k < direction.size(); ++k) {
          const double moved =
              static_cast<double>(before[u][at + k]) + (side == 0 ? step : -step) * direction[k];
          parameters[u][at + k] = static_cast<float>(moved);
        }
        losses[side] = loss_of(model, parameters, batch, 9);
      }
      parameters = before;
      INFO(model.units[u].name << " " << tensor.name);
      CHECK(0.5 * (losses[0] - losses[1]) / (2 * step) == Approx(expected).epsilon(tolerance).margin(2e-5));
      CHECK(std::abs(expected) > 1e-4);
      at += tensor.size();
    }
  }
}

}  // namespace rankine::nn::test
