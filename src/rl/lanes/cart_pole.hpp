// SPDX-License-Identifier: Apache-2.0
// CartPole-v1: Barto, Sutton, Anderson (1983) with the equations of Florian (2007), as Gymnasium steps it:
// positions by the speeds of before. Between steps |theta| is below 12 degrees, so short polynomials in its
// square reach double precision. They are interpolations in Chebyshev's nodes on [0, 0.0439]; the largest
// relative errors are 4e-17 (sin), 7e-20 (cos) and 3e-17 (the reciprocal of the effective inertia).
#pragma once

#include "rl/lanes/vectors.hpp"

namespace rankine::rl::lanes {
namespace {

template <typename V>
struct CartPole {
  static constexpr int kStates = 4;  ///< x, x speed, angle, angle's speed
  static constexpr int kObservations = 4;
  static constexpr int kActions = 2;
  static constexpr int kStepsMax = 500;

  V state[kStates];

  __attribute__((always_inline)) void start(const V (&uniform)[4]) {
    for (int i = 0; i < 4; ++i) state[i] = uniform[i] * 0.1 - 0.05;
  }

  __attribute__((always_inline)) typename Machine<V>::Mask step(V action, V& reward) {
    constexpr double kTau = 0.02, kMass = 1.1, kPole = 0.1 * 0.5;  // pole: its mass times half its length
    const V theta = state[2], spin = state[3];
    const V z = theta * theta;
    V s = fused(z, all<V>(2.7535331981737357e-06), all<V>(-0.00019841263809241782));
    s = fused(z, s, all<V>(0.008333333332803746));
    s = fused(z, s, all<V>(-0.16666666666666594));
    const V sine = fused(theta * z, s, theta);
    V c = fused(z, all<V>(-2.753441596176081e-07), all<V>(2.4801578504970668e-05));
    c = fused(z, c, all<V>(-0.0013888888887509782));
    c = fused(z, c, all<V>(0.04166666666666591));
    c = fused(z, c, all<V>(-0.5));
    const V cosine = fused(z, c, all<V>(1.0));
    // tau / (0.5 (4/3 - 0.1 cos^2 / 1.1))
    V r = fused(z, all<V>(3.2450550885126334e-06), all<V>(-1.3710527073833313e-05));
    r = fused(z, r, all<V>(5.548797283853423e-05));
    r = fused(z, r, all<V>(-0.00023222628891470586));
    r = fused(z, r, all<V>(0.0009576181424861356));
    r = fused(z, r, all<V>(-0.0023557406305769694));
    r = fused(z, r, all<V>(0.03219512195121951));
    const V push = fused(action, all<V>(20.0 / kMass), all<V>(-10.0 / kMass));
    const V temp = fused(spin * spin * (kPole / kMass), sine, push);
    const V gain = fused(-cosine, temp, 9.8 * sine) * r;  // of the angle's speed
    state[0] = fused(state[1], all<V>(kTau), state[0]);
    state[1] = fused(cosine * (-kPole / kMass), gain, fused(temp, all<V>(kTau), state[1]));
    state[2] = fused(spin, all<V>(kTau), theta);
    state[3] = spin + gain;
    reward = all<V>(1.0);
    constexpr double kAngleMax = 12 * 2 * 3.141592653589793 / 360;
    return Machine<V>::above(size_of(state[0]), all<V>(2.4)) |
           Machine<V>::above(size_of(state[2]), all<V>(kAngleMax));
  }

  __attribute__((always_inline)) void observe(V (&out)[kObservations]) const {
    for (int i = 0; i < kObservations; ++i) out[i] = state[i];
  }
};

}  // namespace
}  // namespace rankine::rl::lanes
