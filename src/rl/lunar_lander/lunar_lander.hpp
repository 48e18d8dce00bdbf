// SPDX-License-Identifier: Apache-2.0
// LunarLander-v3 of Gymnasium and its continuous form, on the rigid-body solver Box2D. Without Box2D
// (lunar_lander_none.cpp) making one is an InputError that says what to install.
#pragma once

#include <memory>
#include <span>

#include <rankine/rl/environment.hpp>

namespace rankine::rl {

/// Terrain, lander and legs of one episode. Everything random is handed in.
class Lander {
 public:
  static constexpr int kHeights = 12;  ///< uniform in 0 .. 20/3 (half the view)
  static constexpr int kForces = 2;    ///< uniform in -1000 .. 1000
  static constexpr int kObservations = 8;
  static constexpr int kActions = 4;

  Lander();
  Lander(Lander&&) noexcept;
  Lander& operator=(Lander&&) noexcept;
  ~Lander();

  /// Begins an episode; the first observation follows a step with the engines off.
  void begin(std::span<const double, kHeights> heights, std::span<const double, kForces> force);
  /// `main` and `lateral` within -1 .. 1: the main engine fires above 0 with 50 to 100 %, the side engines
  /// beyond -0.5 and 0.5. `dispersion`: two numbers uniform in -1 .. 1.
  Outcome step(double main, double lateral, std::span<const double, 2> dispersion);
  void observe(std::span<float> out) const;

 private:
  struct World;
  std::unique_ptr<World> world_;
};

/// What both forms share: the random numbers of an episode.
class FlownLander {
 public:
  static constexpr int kObservations = Lander::kObservations;
  static constexpr int kStepsMax = 1000;

  void reset(Philox& random) {
    double heights[Lander::kHeights], force[Lander::kForces];
    for (double& height : heights) height = random.uniform() * (20.0 / 3.0);
    for (double& component : force) component = 2000 * random.uniform() - 1000;
    lander_.begin(heights, force);
    fly(0, 0, random);
  }
  void observe(std::span<float> out) const { lander_.observe(out); }

 protected:
  Outcome fly(double main, double lateral, Philox& random) {
    const double first = 2 * random.uniform() - 1;
    const double dispersion[] = {first, 2 * random.uniform() - 1};
    return lander_.step(main, lateral, dispersion);
  }

 private:
  Lander lander_;
};

/// Actions: nothing, left engine, main engine, right engine.
struct LunarLander : FlownLander {
  static constexpr int kActions = Lander::kActions;
  Outcome step(int action, Philox& random) {
    return fly(action == 2 ? 1 : 0, action == 1 ? -1 : action == 3 ? 1 : 0, random);
  }
};

struct LunarLanderContinuous : FlownLander {
  static constexpr int kActionSize = 2;
  static constexpr float kActionLow[] = {-1, -1}, kActionHigh[] = {1, 1};
  Outcome step(std::span<const float> action, Philox& random) { return fly(action[0], action[1], random); }
};

}  // namespace rankine::rl
