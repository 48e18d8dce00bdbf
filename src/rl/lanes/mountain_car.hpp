// SPDX-License-Identifier: Apache-2.0
// MountainCar-v0 (Moore 1990) and MountainCarContinuous-v0. Gymnasium keeps the state of the continuous one
// in float32 and so computes in it; single() rounds where it does.
#pragma once

#include "rl/lanes/vectors.hpp"

namespace rankine::rl::lanes {
namespace {

template <typename V>
struct MountainCar {
  static constexpr int kStates = 2;  ///< place, speed
  static constexpr int kObservations = 2;
  static constexpr int kActions = 3;
  static constexpr int kStepsMax = 200;

  V state[kStates];

  void start(const V (&uniform)[4]) {
    state[0] = uniform[0] * 0.2 - 0.6;
    state[1] = V{};
  }

  typename Machine<V>::Mask step(V action, V& reward) {
    V speed = state[1] + ((action - 1.0) * 0.001 + cosine_of(3.0 * state[0]) * -0.0025);
    speed = clip(speed, -0.07, 0.07);
    const V place = clip(state[0] + speed, -1.2, 0.6);
    speed = (place == all<V>(-1.2)) & (speed < V{}) ? V{} : speed;
    state[0] = place;
    state[1] = speed;
    reward = all<V>(-1.0);
    return Machine<V>::mask((place >= all<V>(0.5)) & (speed >= V{}));
  }

  void observe(V (&out)[kObservations]) const {
    out[0] = state[0];
    out[1] = state[1];
  }
};

template <typename V>
struct MountainCarContinuous {
  static constexpr int kStates = 2;
  static constexpr int kObservations = 2;
  static constexpr int kActionSize = 1;
  static constexpr float kActionLow[] = {-1}, kActionHigh[] = {1};
  static constexpr int kStepsMax = 999;

  V state[kStates];

  void start(const V (&uniform)[4]) {
    state[0] = uniform[0] * 0.2 - 0.6;
    state[1] = V{};
  }

  typename Machine<V>::Mask step(V action, V& reward) {
    constexpr double kPower = 0.0015f, kSpeedMax = 0.07f, kLeft = -1.2f, kRight = 0.6f, kGoal = 0.45f;
    const V force = clip(action, -1.0, 1.0);
    // Only the place where an episode starts is a float64.
    const V place3 = single(state[0]) == state[0] ? single(3.0 * state[0]) : 3.0 * state[0];
    const V pull = 0.0025 * cosine_of(place3);
    // A force that was clipped is a Python float, whose product is not rounded.
    const V gain =
        force == action ? single(single(force * kPower) - single(pull)) : single(force * 0.0015 - pull);
    V speed = clip(single(state[1] + gain), -kSpeedMax, kSpeedMax);
    const V place = clip(single(state[0] + speed), kLeft, kRight);
    speed = (place == all<V>(kLeft)) & (speed < V{}) ? V{} : speed;
    state[0] = place;
    state[1] = speed;
    const Bits<V> there = (place >= all<V>(kGoal)) & (speed >= V{});
    reward = (there != 0 ? all<V>(100.0) : V{}) - action * action * 0.1;
    return Machine<V>::mask(there);
  }

  void observe(V (&out)[kObservations]) const {
    out[0] = state[0];
    out[1] = state[1];
  }
};

}  // namespace
}  // namespace rankine::rl::lanes
