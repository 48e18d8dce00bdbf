// SPDX-License-Identifier: Apache-2.0
// CartPole-v1 of Gymnasium (Barto, Sutton, Anderson 1983): one environment, in scalars. What all instruction
// paths of the fast form must give bit for bit stands in cart_pole_step.hpp.
#pragma once

#include <cmath>
#include <span>

#include <rankine/rl/environment.hpp>

namespace rankine::rl {

struct CartPole {
  static constexpr int kObservations = 4;
  static constexpr int kActions = 2;
  static constexpr int kStepsMax = 500;

  double x = 0, x_dot = 0, theta = 0, theta_dot = 0;

  void reset(Philox& random) {
    const std::uint64_t first = random(), second = random();
    x = start(static_cast<std::uint32_t>(first));
    x_dot = start(static_cast<std::uint32_t>(first >> 32));
    theta = start(static_cast<std::uint32_t>(second));
    theta_dot = start(static_cast<std::uint32_t>(second >> 32));
  }

  Outcome step(int action, Philox&) {
    const double force = action == 1 ? 10.0 : -10.0;
    const double sine = std::sin(theta), cosine = std::cos(theta);
    const double temp = (force + 0.05 * theta_dot * theta_dot * sine) / 1.1;
    const double theta_acc = (9.8 * sine - cosine * temp) / (0.5 * (4.0 / 3.0 - 0.1 * cosine * cosine / 1.1));
    const double x_acc = temp - 0.05 * theta_acc * cosine / 1.1;
    x += 0.02 * x_dot;
    x_dot += 0.02 * x_acc;
    theta += 0.02 * theta_dot;
    theta_dot += 0.02 * theta_acc;
    return {1.0, std::abs(x) > 2.4 || std::abs(theta) > 12 * 2 * 3.141592653589793 / 360};
  }

  void observe(std::span<float> out) const {
    out[0] = static_cast<float>(x);
    out[1] = static_cast<float>(x_dot);
    out[2] = static_cast<float>(theta);
    out[3] = static_cast<float>(theta_dot);
  }

 private:
  /// Uniform in (-0.05, 0.05) from 32 random bits.
  static double start(std::uint32_t bits) {
    return (static_cast<double>(bits) + 0.5) * (0.1 * 0x1p-32) - 0.05;
  }
};

}  // namespace rankine::rl
