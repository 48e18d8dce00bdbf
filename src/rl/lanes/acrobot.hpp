// SPDX-License-Identifier: Apache-2.0
// Acrobot-v1: the two-link arm of Sutton (1996) with the equations of Sutton and Barto's book, one step of
// Runge and Kutta's fourth order over 0.2 s, torque on the second joint, no noise.
#pragma once

#include "rl/lanes/vectors.hpp"

namespace rankine::rl::lanes {
namespace {

template <typename V>
struct Acrobot {
  static constexpr int kStates = 4;  ///< angle 1, angle 2, their speeds
  static constexpr int kObservations = 6;
  static constexpr int kActions = 3;
  static constexpr int kStepsMax = 500;
  static constexpr double kPi = 3.141592653589793;

  V state[kStates];

  __attribute__((always_inline)) void start(const V (&uniform)[4]) {
    for (int i = 0; i < 4; ++i) state[i] = uniform[i] * 0.2 - 0.1;
  }

  /// The speeds and accelerations at `s` under `torque`. Masses, lengths and inertias are 1, centres 0.5.
  static void slope(const V (&s)[4], V torque, V (&out)[4]) {
    V sine, cosine;
    sine_cosine(s[1], sine, cosine);
    const V w1 = s[2], w2 = s[3];
    const V d1 = 0.25 + (1.25 + cosine) + 1.0 + 1.0;
    const V d2 = (0.25 + 0.5 * cosine) + 1.0;
    const V phi2 = 0.5 * 9.8 * cosine_of(s[0] + s[1] - kPi / 2);
    const V phi1 = -0.5 * (w2 * w2) * sine - w2 * w1 * sine + 1.5 * 9.8 * cosine_of(s[0] - kPi / 2) + phi2;
    const V a2 = (torque + d2 / d1 * phi1 - 0.5 * (w1 * w1) * sine - phi2) / (1.25 - d2 * d2 / d1);
    out[0] = w1;
    out[1] = w2;
    out[2] = -(d2 * a2 + phi1) / d1;
    out[3] = a2;
  }

  /// Into [-pi, pi] by whole turns; a step turns by less than six.
  static V wrapped(V x) {
    for (int turn = 0; turn < 6; ++turn) {
      x = x > all<V>(kPi) ? x - 2 * kPi : x;
      x = x < all<V>(-kPi) ? x + 2 * kPi : x;
    }
    return x;
  }

  typename Machine<V>::Mask step(V action, V& reward) {
    const V torque = action - 1.0;
    V k[4][4], at[4];
    slope(state, torque, k[0]);
    for (int i = 0; i < 4; ++i) at[i] = state[i] + 0.1 * k[0][i];
    slope(at, torque, k[1]);
    for (int i = 0; i < 4; ++i) at[i] = state[i] + 0.1 * k[1][i];
    slope(at, torque, k[2]);
    for (int i = 0; i < 4; ++i) at[i] = state[i] + 0.2 * k[2][i];
    slope(at, torque, k[3]);
    for (int i = 0; i < 4; ++i)
      state[i] = state[i] + 0.2 / 6.0 * (k[0][i] + 2.0 * k[1][i] + 2.0 * k[2][i] + k[3][i]);
    state[0] = wrapped(state[0]);
    state[1] = wrapped(state[1]);
    state[2] = clip(state[2], -4 * kPi, 4 * kPi);
    state[3] = clip(state[3], -9 * kPi, 9 * kPi);
    const V height = -cosine_of(state[0]) - cosine_of(state[1] + state[0]);
    reward = height > all<V>(1.0) ? all<V>(0.0) : all<V>(-1.0);
    return Machine<V>::above(height, all<V>(1.0));
  }

  void observe(V (&out)[kObservations]) const {
    sine_cosine(state[0], out[1], out[0]);
    sine_cosine(state[1], out[3], out[2]);
    out[4] = state[2];
    out[5] = state[3];
  }
};

}  // namespace
}  // namespace rankine::rl::lanes
