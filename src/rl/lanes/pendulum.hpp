// SPDX-License-Identifier: Apache-2.0
// Pendulum-v1: swing a rod up and hold it there; torque within 2, angle 0 upright, semi-implicit Euler. In
// Gymnasium the torque is a float32, and so are its products; single() rounds where they do.
#pragma once

#include "rl/lanes/vectors.hpp"

namespace rankine::rl::lanes {
namespace {

template <typename V>
struct Pendulum {
  static constexpr int kStates = 2;  ///< angle, speed
  static constexpr int kObservations = 3;
  static constexpr int kActionSize = 1;
  static constexpr float kActionLow[] = {-2}, kActionHigh[] = {2};
  static constexpr int kStepsMax = 200;
  static constexpr double kPi = 3.141592653589793;

  V state[kStates];

  void start(const V (&uniform)[4]) {
    state[0] = uniform[0] * (2 * kPi) - kPi;
    state[1] = uniform[1] * 2.0 - 1.0;
  }

  typename Machine<V>::Mask step(V action, V& reward) {
    const V torque = clip(action, -2.0, 2.0);
    const V turned = state[0] + kPi;
    const V angle = turned - floor_of(turned * (1 / (2 * kPi))) * (2 * kPi) - kPi;
    reward = -(angle * angle + 0.1 * (state[1] * state[1]) + single(single(torque * torque) * 0.001f));
    const V speed = state[1] + (15.0 * sine_of(state[0]) + single(3.0 * torque)) * 0.05;
    state[1] = clip(speed, -8.0, 8.0);
    state[0] = state[0] + state[1] * 0.05;
    return Machine<V>::mask(Bits<V>{});
  }

  void observe(V (&out)[kObservations]) const {
    sine_cosine(state[0], out[1], out[0]);
    out[2] = state[1];
  }
};

}  // namespace
}  // namespace rankine::rl::lanes
