// SPDX-License-Identifier: Apache-2.0
// The simulator: times and costs by hand, the same study with many workers, population based training on a
// problem that needs a schedule.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/tune/schedulers.hpp>
#include <rankine/tune/simulator.hpp>

#include "catch.hpp"

namespace simulator_test {

using namespace rankine::tune;

Space unit_interval() {
  Space space;
  space.add(uniform("x", 0, 1));
  return space;
}

/// A trial's loss is 100 - its number - step / 10; a step takes 1 + number seconds and costs 1.
class Ladder final : public Objective {
 public:
  Step steps_max() const override { return 9; }
  std::vector<double> values(const Assignment& assignment, Step step) override {
    return {100.0 - static_cast<double>(assignment.trial) - 0.1 * static_cast<double>(step)};
  }
  double cost(const Configuration&, Step step) const override { return static_cast<double>(step); }
  double seconds(const Configuration&, Step step) const override { return 2 * static_cast<double>(step); }
};

Study study_of(const std::string& scheduler, std::size_t trials, Mode mode = Mode::async,
               std::size_t window = 1) {
  StudyOptions options;
  options.trials_max = trials;
  options.mode = mode;
  options.window = window;
  SchedulerOptions rungs;
  rungs.steps_max = 9;
  return Study(unit_interval(), options, make_sampler("random"), make_scheduler(scheduler, rungs));
}

/// Gradient descent on a surrogate with two rates, of which one may be on: figure 2 of Jaderberg et al. 2017.
/// What is measured is 1.2 - a^2 - b^2; what is followed is h0 and h1 times the parts of its gradient.
class Surrogate final : public Objective {
 public:
  Step steps_max() const override { return 200; }
  void begin(const Assignment& assignment) override {
    if (assignment.checkpoint == assignment.trial) return;
    state_[assignment.trial] =
        assignment.checkpoint == kNoTrial ? State{0.9, 0.9} : state_.at(assignment.checkpoint);
  }
  std::vector<double> values(const Assignment& assignment, Step) override {
    State& state = state_.at(assignment.trial);
    state.a -= 0.02 * assignment.configuration.values[0] * state.a;
    state.b -= 0.02 * assignment.configuration.values[1] * state.b;
    return {-(1.2 - state.a * state.a - state.b * state.b)};
  }
  double cost(const Configuration&, Step step) const override { return static_cast<double>(step); }

 private:
  struct State {
    double a, b;
  };
  std::map<TrialId, State> state_;
};

/// The expected square of a weight under noisy gradient steps of rate r: v <- (1 - r)^2 v + r^2. A large rate
/// is quick and stays noisy, a small one is precise and slow: a schedule is needed.
class NoisyDescent final : public Objective {
 public:
  Step steps_max() const override { return 200; }
  void begin(const Assignment& assignment) override {
    if (assignment.checkpoint == assignment.trial) return;
    square_[assignment.trial] = assignment.checkpoint == kNoTrial ? 1e4 : square_.at(assignment.checkpoint);
  }
  std::vector<double> values(const Assignment& assignment, Step) override {
    double& square = square_.at(assignment.trial);
    square = after(square, assignment.configuration.values[0]);
    return {square};
  }
  double cost(const Configuration&, Step step) const override { return static_cast<double>(step); }
  static double after(double square, double rate) { return (1 - rate) * (1 - rate) * square + rate * rate; }

 private:
  std::map<TrialId, double> square_;
};

double best_of(Study& study) {
  return study.history().trial(study.history().best()).values[0];
}

}  // namespace simulator_test

using namespace simulator_test;

TEST_CASE("virtual seconds and costs are those of the work") {
  Ladder ladder;
  Study study = study_of("none", 5);
  const Simulation one = simulate(study, ladder, {});
  CHECK(one.seconds == 90);
  CHECK(one.busy_seconds == 90);
  CHECK(one.cost == 45);
  CHECK(one.reports == 45);
  CHECK(one.incumbents.size() == 5);
  CHECK(one.incumbents[1].seconds == 36);
  CHECK(one.incumbents[1].cost == 18);
  CHECK(one.loss_at_cost(17.9, 1000) == Approx(99.1));
  CHECK(one.loss_at_cost(18, 1000) == Approx(98.1));
  CHECK(one.loss_at_cost(8, 1000) == 1000);
  Study beside = study_of("none", 5);
  const Simulation two = simulate(beside, ladder, {.workers = 2});
  CHECK(two.seconds == 54);
  CHECK(two.busy_seconds == 90);
  Study aimed = study_of("none", 5);
  CHECK(simulate(aimed, ladder, {.target = 97.5}).cost == 27);
  Study cut = study_of("none", 5);
  CHECK(simulate(cut, ladder, {.cost_max = 20}).cost == 20);
  CHECK_THROWS_AS(simulate(study, ladder, {.workers = 0}), rankine::InputError);
}

TEST_CASE("a promoted trial goes on: what it cost is not paid again") {
  Ladder ladder;
  Study study = study_of("asha", 9);
  const Simulation result = simulate(study, ladder, {});
  // 9 trials of 1 step, 7 of 2 more, 5 of 6 more: see the schedulers' own test.
  CHECK(result.cost == 9 + 7 * 2 + 5 * 6);
  CHECK(study.cost() == result.cost);
  CHECK(study.history().trial(8).cost == 9);
}

TEST_CASE("an ordered study has one history, however many workers there are") {
  Ladder ladder;
  for (const std::string scheduler : {"none", "asha", "hyperband", "async-hyperband"}) {
    INFO(scheduler);
    Study reference = study_of(scheduler, 40, Mode::ordered, 6);
    simulate(reference, ladder, {.workers = 1});
    for (const std::size_t workers : {2, 5, 6, 20}) {
      Study study = study_of(scheduler, 40, Mode::ordered, 6);
      simulate(study, ladder, {.workers = workers});
      REQUIRE(study.history().trials().size() == reference.history().trials().size());
      for (TrialId id = 0; id < 40; ++id) {
        const Trial& trial = study.history().trial(id);
        const Trial& wanted = reference.history().trial(id);
        CHECK(trial.configuration == wanted.configuration);
        CHECK(trial.state == wanted.state);
        CHECK(trial.values == wanted.values);
      }
    }
  }
}

TEST_CASE("population based training beats both fixed settings of its paper's figure 2") {
  Surrogate surrogate;
  StudyOptions options;
  options.trials_max = 2;
  Space settings;  // (1, 0) or (0, 1): one direction at a time
  settings.add(levels("h0", {0, 1})).add(levels("h1", {0, 1}));
  settings.set_rows({{1, 0}, {0, 1}});
  Study fixed(settings, options, make_sampler("random"));
  simulate(fixed, surrogate, {.workers = 2});
  CHECK(-best_of(fixed) == Approx(0.39).margin(0.01));  // as the paper's grid search
  Space both;
  both.add(levels("h0", {0, 1})).add(levels("h1", {0, 1}));
  both.constrain("one direction",
                 [](const Space&, const Configuration& c) { return c.values[0] != c.values[1]; });
  SchedulerOptions exchange;
  exchange.steps_max = 200;
  exchange.interval = 5;
  exchange.population = 2;
  exchange.quantile = 0.5;
  exchange.resample_probability = 0.5;
  Study trained(both, options, make_sampler("random"), make_scheduler("pbt", exchange));
  simulate(trained, surrogate, {});  // in turns: one is always a little ahead
  INFO(-best_of(trained));
  CHECK(-best_of(trained) > 1.1);
}

TEST_CASE("population based training finds a schedule that is better than the best fixed rate") {
  double best_fixed = 1e9;
  for (double rate = 0.001; rate < 1; rate *= 1.01) {
    double square = 1e4;
    for (int step = 0; step < 200; ++step) square = NoisyDescent::after(square, rate);
    best_fixed = std::min(best_fixed, square);
  }
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    NoisyDescent descent;
    StudyOptions options;
    options.seed = seed;
    Space space;
    space.add(log_uniform("rate", 0.001, 1));
    SchedulerOptions exchange;
    exchange.steps_max = 200;
    exchange.interval = 5;
    exchange.population = 10;
    Study study(space, options, make_sampler("random"), make_scheduler("pbt", exchange));
    simulate(study, descent, {.workers = 3});
    INFO("seed " << seed << ": " << best_of(study) << ", best fixed rate: " << best_fixed);
    CHECK(best_of(study) < 0.8 * best_fixed);
  }
}
