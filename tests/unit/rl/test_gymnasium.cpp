// SPDX-License-Identifier: Apache-2.0
// The bridge to Python, with environments of our own (stand_in.py), and with Gymnasium's where it is there.
#include "catch.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/rl/gymnasium.hpp>

using namespace rankine;
using namespace rankine::rl;

namespace {

EnvironmentFactory stand_in(const std::string& name) {
  return gymnasium({.environment = std::string(RANKINE_RL_STAND_IN) + ":" + name});
}

/// The Python that has gymnasium: RANKINE_GYMNASIUM_PYTHON, else python3.
std::string python() {
  const char* const named = std::getenv("RANKINE_GYMNASIUM_PYTHON");
  return named != nullptr ? named : "python3";
}

}  // namespace

TEST_CASE("an environment in Python is a batch like any other") {
  const auto environment = stand_in("Walk")({.count = 3, .seed = 4});
  CHECK(environment->spaces().observations == 2);
  CHECK(environment->spaces().actions == 10);
  StepBuffer buffer(3, 2);
  const StepResult out = buffer.view();
  environment->reset(4, out.observations);
  std::vector<float> place = {out.observations[0], out.observations[2], out.observations[4]};
  std::vector<std::int32_t> steps(3);
  int terminated = 0, truncated = 0;
  for (int t = 0; t < 30; ++t) {
    const std::int32_t actions[] = {1, 0, t % 2};
    environment->step({.discrete = actions}, out);
    for (int i = 0; i < 3; ++i) {
      ++steps[i];
      place[i] += actions[i] == 1 ? 1.0F : -1.0F;
      CHECK(out.rewards[i] == -0.5F);
      CHECK(out.terminated[i] == (place[i] == 5));
      CHECK(out.truncated[i] == (place[i] != 5 && steps[i] == 8));
      terminated += out.terminated[i];
      truncated += out.truncated[i];
      if (out.terminated[i] + out.truncated[i] == 1) {
        CHECK(out.final_observations[2 * i] == place[i]);
        place[i] = out.observations[2 * i];
        steps[i] = 0;
        CHECK((place[i] >= 0 && place[i] <= 3));
      }
      CHECK(out.observations[2 * i] == place[i]);
      CHECK(out.observations[2 * i + 1] == static_cast<float>(steps[i]));
    }
  }
  CHECK(terminated > 4);
  CHECK(truncated > 2);
}

TEST_CASE("a bridged batch does not depend on how it is cut, and goes on after a save") {
  const auto whole = stand_in("Push")({.count = 4, .seed = 1, .steps_max = 5});
  CHECK(whole->spaces().action_size() == 2);
  CHECK(whole->spaces().action_low[1] == -2);
  CHECK(whole->spaces().action_high[1] > 1e30F);
  const auto part = stand_in("Push")({.count = 1, .first_index = 2, .seed = 1, .steps_max = 5});
  StepBuffer many(4, 2), one(1, 2);
  whole->reset(9, many.view().observations);
  part->reset(9, one.view().observations);
  const auto play = [&](VectorEnvironment& environment, int begin, int end, const StepResult& out) {
    for (int t = begin; t < end; ++t) {
      std::vector<float> actions;
      for (int i = 0; i < environment.count(); ++i) {
        actions.push_back(0.25F * static_cast<float>(t));
        actions.push_back(-0.5F);
      }
      environment.step({.continuous = actions}, out);
    }
  };
  play(*whole, 0, 13, many.view());
  play(*part, 0, 13, one.view());
  CHECK(many.view().observations[4] == one.view().observations[0]);
  CHECK(many.view().observations[5] == 3);  // cut after 5 steps, twice
  std::vector<std::byte> saved;
  part->save(saved);
  const auto again = stand_in("Push")({.count = 1, .first_index = 2, .seed = 1, .steps_max = 5});
  std::span<const std::byte> left = saved;
  again->load(left);
  StepBuffer other(1, 2);
  play(*part, 13, 20, one.view());
  play(*again, 13, 20, other.view());
  CHECK(std::ranges::equal(one.view().observations, other.view().observations));
}

TEST_CASE("what goes wrong in Python is said here") {
  CHECK_THROWS_WITH(gymnasium({.environment = "X-v0", .python = "no-such-python"})({}),
                    ContainsSubstring("no-such-python"));
  CHECK_THROWS_WITH(stand_in("Nothing")({}), ContainsSubstring("Nothing"));
  CHECK_THROWS_WITH(stand_in("Strange")({}), ContainsSubstring("neither Box nor Discrete"));
  const auto environment = stand_in("Walk")({.count = 1});
  StepBuffer buffer(1, 2);
  environment->reset(1, buffer.view().observations);
  const std::int32_t raises[] = {9}, dies[] = {8}, none[] = {10};
  CHECK_THROWS_WITH(environment->step({.discrete = none}, buffer.view()),
                    ContainsSubstring("does not exist"));
  CHECK_THROWS_WITH(environment->step({.discrete = raises}, buffer.view()),
                    ContainsSubstring("ValueError: nine is not a good action"));
  const auto doomed = stand_in("Walk")({.count = 1});
  doomed->reset(1, buffer.view().observations);
  CHECK_THROWS_WITH(doomed->step({.discrete = dies}, buffer.view()), ContainsSubstring("ended with code 7"));
}

TEST_CASE("Gymnasium's own CartPole comes over the bridge") {
  if (std::system((python() + " -c 'import gymnasium' 2> /dev/null").c_str()) != 0) {
    WARN("not tested: " << python() << " has no gymnasium (RANKINE_GYMNASIUM_PYTHON names another Python)");
    return;
  }
  const auto environment = gymnasium({.environment = "CartPole-v1", .python = python()})({.count = 2});
  CHECK(environment->spaces().observations == 4);
  CHECK(environment->spaces().actions == 2);
  CHECK(environment->spaces().steps_max == 500);
  StepBuffer buffer(2, 4);
  environment->reset(1, buffer.view().observations);
  int ended = 0;
  for (int t = 0; t < 100; ++t) {
    const std::int32_t actions[] = {1, t % 2};
    environment->step({.discrete = actions}, buffer.view());
    for (const float x : buffer.view().observations) CHECK(std::abs(x) < 5);
    ended += buffer.view().terminated[0];
  }
  CHECK(ended > 5);  // always to the right falls within 11 steps
}
