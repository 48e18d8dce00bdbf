// SPDX-License-Identifier: Apache-2.0
// The classic environments: Gymnasium's dynamics, the same bits on every instruction path and in every batch.
#include "catch.hpp"

#include <cmath>
#include <fstream>
#include <sstream>

#include <rankine/core/error.hpp>
#include <rankine/rl/vectorise.hpp>

#include "rl/classic.hpp"
#include "rl/lanes/acrobot.hpp"
#include "rl/lanes/cart_pole.hpp"
#include "rl/lanes/mountain_car.hpp"
#include "rl/lanes/pendulum.hpp"

using namespace rankine;
using namespace rankine::rl;

namespace {

struct Row {
  std::string environment;
  int episode = 0;
  bool end = false;  ///< has only the state behind the last step
  double action = 0, reward = 0;
  std::vector<double> state;
  bool terminated = false;
};

std::vector<Row> reference() {
  std::ifstream file(RANKINE_RL_REFERENCE "/classic.csv");
  REQUIRE(file.good());
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    std::stringstream stream(line);
    std::vector<std::string> cells;
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    Row row;
    row.environment = cells[0];
    row.episode = std::stoi(cells[1]);
    row.end = cells[2] == "end";
    const std::size_t last = row.end ? cells.size() : cells.size() - 2;
    for (std::size_t i = 4; i < last; ++i) row.state.push_back(std::stod(cells[i]));
    if (!row.end) {
      row.action = std::stod(cells[3]);
      row.reward = std::stod(cells[last]);
      row.terminated = cells[last + 1] == "1";
    }
    rows.push_back(row);
  }
  return rows;
}

double difference(std::span<const double> a, std::span<const double> b) {
  double largest = 0;
  for (std::size_t i = 0; i < b.size(); ++i)
    largest = std::max(largest, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i])));
  return largest;
}

/// Every step from Gymnasium's state, and whole episodes from its first one.
template <template <typename> class Dynamics>
void follow(const std::string& name, double step_tolerance, double episode_tolerance) {
  const std::vector<Row> rows = reference();
  Dynamics<double> single, going;
  int steps = 0;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    const Row &row = rows[i], &next = rows[i + 1];
    if (row.environment != name || row.end) continue;
    if (i == 0 || rows[i - 1].end) std::ranges::copy(row.state, going.state);
    std::ranges::copy(row.state, single.state);
    double reward = 0, unused = 0;
    const bool terminated = single.step(row.action, reward) != 0;
    going.step(row.action, unused);
    INFO(name << " row " << i);
    REQUIRE(difference(single.state, next.state) < step_tolerance);
    REQUIRE(std::abs(reward - row.reward) < 1e-12 * std::max(1.0, std::abs(row.reward)));
    REQUIRE(terminated == row.terminated);
    REQUIRE(difference(going.state, next.state) < episode_tolerance);
    ++steps;
  }
  CHECK(steps > 100);
}

std::vector<float> played(VectorEnvironment& environment, int steps, std::vector<float>* begun = nullptr) {
  const Spaces& spaces = environment.spaces();
  const int count = environment.count();
  StepBuffer buffer(count, spaces.observations);
  const StepResult out = buffer.view();
  if (begun == nullptr) environment.reset(5, out.observations);
  std::vector<float> all;
  std::vector<std::int32_t> discrete(static_cast<std::size_t>(count));
  const int size = spaces.action_size();
  std::vector<float> continuous(static_cast<std::size_t>(count * size));
  for (int t = 0; t < steps; ++t) {
    for (int i = 0; i < count; ++i) {
      Philox random(static_cast<std::uint64_t>(t), static_cast<std::uint64_t>(i));
      discrete[i] = spaces.discrete() ? static_cast<std::int32_t>(random.below(spaces.actions)) : 0;
      for (int k = 0; k < size; ++k)
        continuous[i * size + k] = static_cast<float>(3 * random.uniform() - 1.5);
    }
    Actions actions;
    if (spaces.discrete())
      actions.discrete = discrete;
    else
      actions.continuous = continuous;
    environment.step(actions, out);
    all.insert(all.end(), out.observations.begin(), out.observations.end());
    all.insert(all.end(), out.rewards.begin(), out.rewards.end());
    all.insert(all.end(), out.terminated.begin(), out.terminated.end());
    all.insert(all.end(), out.truncated.begin(), out.truncated.end());
    for (int i = 0; i < count; ++i) {
      if (out.terminated[i] + out.truncated[i] == 0) continue;
      const auto row = out.final_observations.subspan(i * spaces.observations, spaces.observations);
      all.insert(all.end(), row.begin(), row.end());
    }
  }
  return all;
}

/// The same dynamics as a user would write them, one at a time.
template <template <typename> class Dynamics>
struct OneAtATime {
  using D = Dynamics<double>;
  static constexpr int kObservations = D::kObservations;
  static constexpr int kStepsMax = 40;
  D dynamics;
  void reset(Philox& random) {
    double uniform[4];
    for (int i = 0; i < 4; i += 2) {
      const std::uint64_t bits = random();
      uniform[i] = (static_cast<double>(static_cast<std::uint32_t>(bits)) + 0.5) * 0x1p-32;
      uniform[i + 1] = (static_cast<double>(bits >> 32) + 0.5) * 0x1p-32;
    }
    dynamics.start(uniform);
  }
  void observe(std::span<float> out) const {
    double wide[kObservations];
    dynamics.observe(wide);
    for (int i = 0; i < kObservations; ++i) out[i] = static_cast<float>(wide[i]);
  }
  Outcome advance(double action) {
    Outcome outcome;
    outcome.terminated = dynamics.step(action, outcome.reward) != 0;
    return outcome;
  }
};

template <template <typename> class Dynamics>
struct OneDiscrete : OneAtATime<Dynamics> {
  static constexpr int kActions = Dynamics<double>::kActions;
  Outcome step(int action, Philox&) { return this->advance(action); }
};

template <template <typename> class Dynamics>
struct OneContinuous : OneAtATime<Dynamics> {
  static constexpr int kActionSize = 1;
  static constexpr float kActionLow[] = {-1}, kActionHigh[] = {1};
  Outcome step(std::span<const float> action, Philox&) { return this->advance(action[0]); }
};

std::vector<const lanes::Path*> paths() {
  std::vector<const lanes::Path*> usable;
  for (const char* name : {"baseline", "v3", "v4"}) {
    try {
      usable.push_back(&lanes::usable_path(name));
    } catch (const InputError&) {
    }
  }
  return usable;
}

template <typename One>
void same_bits(lanes::Kind kind) {
  for (const int count : {1, 21}) {
    const VectorOptions options = {.count = count, .first_index = 3, .seed = 5, .steps_max = 40};
    const std::vector<float> expected = played(*vectorise<One>(options), 100);
    for (const lanes::Path* path : paths()) {
      INFO(path->name << ", kind " << kind << ", " << count << " environments");
      const std::vector<float> found = played(*make_classic(kind, options, *path), 100);
      REQUIRE(found.size() == expected.size());
      CHECK(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0);
    }
  }
}

}  // namespace

TEST_CASE("the classic environments step as Gymnasium's do") {
  follow<lanes::CartPole>("CartPole-v1", 1e-14, 1e-12);
  follow<lanes::Acrobot>("Acrobot-v1", 1e-12, 1e-7);
  follow<lanes::MountainCar>("MountainCar-v0", 1e-15, 1e-13);
  follow<lanes::MountainCarContinuous>("MountainCarContinuous-v0", 1e-15, 1e-15);
  follow<lanes::Pendulum>("Pendulum-v1", 1e-14, 1e-10);
}

TEST_CASE("every instruction path gives the bits of one environment at a time") {
  same_bits<OneDiscrete<lanes::CartPole>>(lanes::kCartPole);
  same_bits<OneDiscrete<lanes::Acrobot>>(lanes::kAcrobot);
  same_bits<OneDiscrete<lanes::MountainCar>>(lanes::kMountainCar);
  same_bits<OneContinuous<lanes::MountainCarContinuous>>(lanes::kMountainCarContinuous);
  same_bits<OneContinuous<lanes::Pendulum>>(lanes::kPendulum);
}

TEST_CASE("environments do not depend on how they are cut into batches") {
  for (const char* name : {"CartPole-v1", "Pendulum-v1"}) {
    auto whole = make_environment(name, {.count = 5});
    auto part = make_environment(name, {.count = 2, .first_index = 3});
    const int width = whole->spaces().observations;
    std::vector<float> a(5 * width), b(2 * width);
    whole->reset(9, a);
    part->reset(9, b);
    CHECK(std::equal(b.begin(), b.end(), a.begin() + 3 * width));
    CHECK_FALSE(std::equal(b.begin(), b.begin() + width, a.begin()));
    part->reset(10, b);
    CHECK_FALSE(std::equal(b.begin(), b.end(), a.begin() + 3 * width));
  }
}

TEST_CASE("a batch that is saved in the middle goes on bit for bit") {
  for (const std::string& name : environment_names()) {
    const VectorOptions options = {.count = 5, .steps_max = 37};
    auto first = make_environment(name, options);
    played(*first, 50);
    std::vector<std::byte> bytes;
    first->save(bytes);
    auto second = make_environment(name, options);
    std::span<const std::byte> left = bytes;
    second->load(left);
    CHECK(left.empty());
    std::vector<float> going;
    const std::vector<float> a = played(*first, 60, &going), b = played(*second, 60, &going);
    INFO(name);
    CHECK(a == b);
    left = std::span<const std::byte>(bytes).first(bytes.size() / 2);
    CHECK_THROWS_AS(second->load(left), InputError);
  }
}

TEST_CASE("what does not fit is refused in words") {
  auto environment = make_environment("CartPole-v1", {.count = 3});
  StepBuffer buffer(3, 4);
  const StepResult out = buffer.view();
  environment->reset(1, out.observations);
  const std::int32_t wrong[] = {0, 1, 2}, negative[] = {0, -1, 1}, few[] = {0, 1};
  CHECK_THROWS_WITH(environment->step({.discrete = wrong}, out),
                    ContainsSubstring("action 2 does not exist"));
  CHECK_THROWS_WITH(environment->step({.discrete = negative}, out), ContainsSubstring("action -1"));
  CHECK_THROWS_WITH(environment->step({.discrete = few}, out), ContainsSubstring("discrete actions has 2"));
  CHECK_THROWS_WITH(make_environment("CartPole-v7"), ContainsSubstring("CartPole-v1"));
  CHECK_THROWS_WITH(make_environment("CartPole-v1", {.count = 0}), ContainsSubstring("at least 1"));
}
