// SPDX-License-Identifier: Apache-2.0
// Batches of environments: limits, resets, randomness, saved state.
#include "catch.hpp"

#include <algorithm>

#include <rankine/core/error.hpp>
#include <rankine/rl/vectorise.hpp>

using namespace rankine;
using namespace rankine::rl;

namespace {

/// Walks a corridor of five; not trivially copyable, so that it is saved by its actions.
struct Corridor {
  static constexpr int kObservations = 1;
  static constexpr int kActions = 2;
  static constexpr int kStepsMax = 7;
  std::vector<int> places = {0};
  void reset(Philox&) { places = {0}; }
  Outcome step(int action, Philox&) {
    places.push_back(places.back() + (action == 1 ? 1 : -1));
    return {-1.0, places.back() == 5};
  }
  void observe(std::span<float> out) const { out[0] = static_cast<float>(places.back()); }
};

}  // namespace

TEST_CASE("an episode that is cut is truncated, one that ends is terminated, and both begin again at once") {
  auto environment = vectorise<Corridor>({.count = 2});
  StepBuffer buffer(2, 1);
  const StepResult out = buffer.view();
  environment->reset(1, out.observations);
  CHECK(out.observations[0] == 0);
  for (int t = 1; t <= 7; ++t) {
    const std::int32_t actions[] = {1, 0};
    environment->step({.discrete = actions}, out);
    CHECK(out.terminated[0] == (t == 5));
    CHECK(out.truncated[0] == 0);
    CHECK(out.terminated[1] == 0);
    CHECK(out.truncated[1] == (t == 7));
    CHECK(out.observations[0] == static_cast<float>(t % 5));
    CHECK(out.observations[1] == static_cast<float>(t == 7 ? 0 : -t));
    if (t == 5) CHECK(out.final_observations[0] == 5);
  }
  CHECK(out.final_observations[1] == -7);
}

TEST_CASE("an environment of the program's own is known by name") {
  add_environment("Corridor", vectorise<Corridor>);
  CHECK(environment_spaces("Corridor").steps_max == Corridor::kStepsMax);
  CHECK(make_environment("Corridor", {.count = 3})->count() == 3);
  CHECK(std::ranges::count(environment_names(), "Corridor") == 1);
  CHECK_THROWS_WITH(add_environment("Corridor", vectorise<Corridor>), ContainsSubstring("known already"));
  CHECK_THROWS_WITH(add_environment("CartPole-v1", vectorise<Corridor>), ContainsSubstring("known already"));
  CHECK_THROWS_WITH(add_environment("", vectorise<Corridor>), ContainsSubstring("needs a name"));
  CHECK_THROWS_WITH(make_environment("Corridoor"), ContainsSubstring("Corridor, LunarLander-v3"));
}
