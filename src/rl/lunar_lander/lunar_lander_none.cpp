// SPDX-License-Identifier: Apache-2.0
// LunarLander where Box2D was not found: only the words that say so.
#include <rankine/core/error.hpp>

#include "rl/lunar_lander/lunar_lander.hpp"

namespace rankine::rl {

struct Lander::World {};

Lander::Lander() {
  throw InputError(
      "LunarLander needs Box2D, which this build was configured without. Remedy: install libbox2d-dev "
      "(Debian) and configure with -DRANKINE_BOX2D=ON");
}
Lander::Lander(Lander&&) noexcept = default;
Lander& Lander::operator=(Lander&&) noexcept = default;
Lander::~Lander() = default;

void Lander::begin(std::span<const double, kHeights>, std::span<const double, kForces>) {}
Outcome Lander::step(double, double, std::span<const double, 2>) {
  return {};
}
void Lander::observe(std::span<float>) const {}

}  // namespace rankine::rl
