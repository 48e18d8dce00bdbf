// SPDX-License-Identifier: Apache-2.0
// LunarLander against Gymnasium's: the same flights until the first contact, and the same pilot's mean
// return. Without Box2D the tests say so and end.
#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <rankine/core/error.hpp>
#include <rankine/rl/vectorise.hpp>

#include "rl/lunar_lander/lunar_lander.hpp"

using namespace rankine;
using namespace rankine::rl;

namespace {

bool have_box2d() {
  try {
    Lander lander;
    return true;
  } catch (const InputError& error) {
    WARN("LunarLander is not tested: " << error.what());
    return false;
  }
}

std::vector<double> numbers(const std::vector<std::string>& cells, std::size_t from) {
  std::vector<double> values;
  for (std::size_t i = from; i < cells.size(); ++i) values.push_back(std::stod(cells[i]));
  return values;
}

std::vector<std::vector<std::string>> table(const std::string& name) {
  std::ifstream file(RANKINE_RL_REFERENCE "/" + name);
  REQUIRE(file.good());
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    rows.emplace_back();
    std::stringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

/// Gymnasium's heuristic pilot: what it does to (main, lateral) or to the number of an action.
struct Wish {
  double angle, hover;
};
Wish wish(std::span<const float> s) {
  const double target = std::clamp(s[0] * 0.5 + s[2] * 1.0, -0.4, 0.4);
  Wish wish = {(target - s[4]) * 0.5 - s[5] * 1.0, (0.55 * std::abs(s[0]) - s[1]) * 0.5 - s[3] * 0.5};
  if (s[6] != 0 || s[7] != 0) wish = {0, -s[3] * 0.5};
  return wish;
}
std::int32_t chosen(Wish w) {
  if (w.hover > std::abs(w.angle) && w.hover > 0.05) return 2;
  return w.angle < -0.05 ? 3 : w.angle > 0.05 ? 1 : 0;
}

struct Returns {
  double mean, error;
};

/// Mean return of `episodes` episodes flown by the pilot, one in each of as many environments.
Returns pilot(const std::string& name, int episodes) {
  auto environment = make_environment(name, {.count = episodes});
  const Spaces& spaces = environment->spaces();
  StepBuffer buffer(episodes, 8);
  const StepResult out = buffer.view();
  environment->reset(1, out.observations);
  std::vector<std::int32_t> discrete(episodes);
  std::vector<float> continuous(2 * episodes);
  std::vector<double> total(episodes);
  std::vector<bool> over(episodes);
  while (std::ranges::count(over, true) < episodes) {
    for (int i = 0; i < episodes; ++i) {
      const Wish w = wish(out.observations.subspan(8 * i, 8));
      discrete[i] = chosen(w);
      continuous[2 * i] = static_cast<float>(std::clamp(w.hover * 20 - 1, -1.0, 1.0));
      continuous[2 * i + 1] = static_cast<float>(std::clamp(-w.angle * 20, -1.0, 1.0));
    }
    Actions actions;
    if (spaces.discrete())
      actions.discrete = discrete;
    else
      actions.continuous = continuous;
    environment->step(actions, out);
    for (int i = 0; i < episodes; ++i) {
      if (!over[i]) total[i] += out.rewards[i];
      over[i] = over[i] || out.terminated[i] == 1 || out.truncated[i] == 1;
    }
  }
  double mean = 0, squares = 0;
  for (const double x : total) mean += x / episodes;
  for (const double x : total) squares += (x - mean) * (x - mean);
  return {mean, std::sqrt(squares / (episodes - 1) / episodes)};
}

}  // namespace

TEST_CASE("LunarLander flies as Gymnasium's does until it touches the ground") {
  if (!have_box2d()) return;
  Lander lander;
  bool continuous = false;
  int steps = 0, compared = 0;
  std::vector<float> seen(8);
  for (const auto& row : table("lunar_lander.csv")) {
    if (row[0] == "flight") {
      continuous = row[2] == "1";
      const std::vector<double> given = numbers(row, 3);
      REQUIRE(given.size() == 16);
      lander.begin(std::span<const double, 12>(given.data(), 12), std::span<const double, 2>(&given[12], 2));
      lander.step(0, 0, std::span<const double, 2>(&given[14], 2));
      steps = 0;
    } else if (row[0] == "step") {
      const std::vector<double> given = numbers(row, 2);
      const std::size_t actions = continuous ? 2 : 1;
      const double main = continuous ? given[0] : given[0] == 2;
      const double lateral = continuous ? given[1] : given[0] == 1 ? -1 : given[0] == 3;
      const Outcome outcome = lander.step(main, lateral, std::span<const double, 2>(&given[actions], 2));
      ++steps;
      CHECK_FALSE(outcome.terminated);
      if (given.size() == actions + 2) continue;
      lander.observe(seen);
      INFO("flight " << row[1] << " step " << steps);
      // Box2D 2.3 and 2.4 solve the limits of the legs' joints otherwise: the turning speed differs by 1e-4
      // from the first step on, and that adds up.
      for (int i = 0; i < 8; ++i)
        REQUIRE(std::abs(seen[i] - given[actions + 2 + i]) < (steps <= 10 ? 1e-4 : 0.05));
      REQUIRE(std::abs(outcome.reward - given[actions + 10]) < 1);
      ++compared;
    }
  }
  CHECK(compared > 20);
}

TEST_CASE("the same pilot lands LunarLander as well as Gymnasium's") {
  if (!have_box2d()) return;
  // 1,000 episodes as in the reference take 20 s: RANKINE_RL_PILOT_EPISODES=1000 asks for them.
  const char* const asked = std::getenv("RANKINE_RL_PILOT_EPISODES");
  const int episodes = asked != nullptr ? std::atoi(asked) : 40;
  for (const auto& row : table("lunar_lander_pilot.csv")) {
    const std::string name = row[0] == "1" ? "LunarLanderContinuous-v3" : "LunarLander-v3";
    const Returns found = pilot(name, episodes);
    const double mean = std::stod(row[2]), error = std::stod(row[3]);
    INFO(name << ": " << found.mean << " +- " << found.error << ", Gymnasium " << mean << " +- " << error);
    if (asked != nullptr) WARN(name << ": " << found.mean << " +- " << found.error);
    CHECK(std::abs(found.mean - mean) < (asked != nullptr ? 2 : 3) * std::hypot(error, found.error));
  }
}
