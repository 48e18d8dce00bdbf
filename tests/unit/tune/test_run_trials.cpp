// SPDX-License-Identifier: Apache-2.0
// Studies on ranks that are threads: modes, checkpoints, failures, live decisions, resume.
#include <stdlib.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <rankine/rankine.hpp>
#include <rankine/tune/run_trials.hpp>
#include <rankine/tune/schedulers.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

namespace run_trials_test {

namespace rk = rankine;
using namespace rankine::tune;

std::atomic<int> steps_trained{0};
std::atomic<int> begun{0};

/// A weight that goes towards 0 by the rate; its state is in the checkpoint. Loss: the weight.
double descend(TrialContext& trial) {
  ++begun;
  const double rate = trial.parameters().number("rate");
  double weight = trial.load<double>().value_or(1.0 + rk::random().uniform());
  for (Step step = trial.from() + 1; step <= trial.until(); ++step) {
    ++steps_trained;
    weight *= 1 - rate;
    if (trial.report(step, weight) != Decision::go_on) break;
  }
  trial.save(weight);
  return weight;
}

double fails_above(TrialContext& trial, double limit) {
  ++begun;
  const double rate = trial.parameters().number("rate");
  if (rate > limit) throw std::domain_error(fmt::format("a rate of {}", rate));
  return rate;
}

/// Fails once for each trial that is not the first attempt's.
std::atomic<int> failures_left{0};
double fails_at_first(TrialContext&) {
  if (failures_left.fetch_sub(1) > 0) throw std::runtime_error("not yet");
  return 1;
}

/// Reports until it is told to stop, at most a minute's worth.
double patient(TrialContext& trial) {
  const bool good = trial.parameters().number("rate") < 0.5;
  for (Step step = 1; step <= trial.until(); ++step) {
    if (trial.report(step, good ? 0 : 1) != Decision::go_on) return 1;
    if (good && step >= 10) return 0;
  }
  return 1;
}

struct Walker {
  explicit Walker(const Parameters& parameters) : rate(parameters.number("rate")) {}
  double step() { return place += rate; }
  double save() const { return place; }
  void load(double saved) { place = saved; }
  double rate;
  double place = 0;
};

std::vector<double> two_values(TrialContext& trial) {
  if (trial.trial() == 1) return {1};
  return {1, 2};
}

Space rates() {
  Space space;
  space.add(uniform("rate", 0, 1));
  return space;
}

struct Shape {
  std::string scheduler = "asha";
  Mode mode = Mode::ordered;
  std::size_t trials = 24;
  std::size_t window = 4;
  Step steps_max = 9;
  bool resumable = true;
  Step interval = 0;
  std::size_t population = 6;
};

Study study_of(const Shape& shape) {
  StudyOptions options;
  options.mode = shape.mode;
  options.window = shape.window;
  options.trials_max = shape.trials;
  SchedulerOptions scheduler;
  scheduler.steps_max = shape.steps_max;
  scheduler.resumable = shape.resumable;
  scheduler.interval = shape.interval;
  scheduler.population = shape.population;
  scheduler.trials_min = 2;
  return Study(rates(), options, make_sampler("random"), make_scheduler(shape.scheduler, scheduler));
}

TrialsOptions quiet(Step steps_max = 9) {
  TrialsOptions options;
  options.task.key = 7;
  options.steps_max = steps_max;
  options.show_progress = false;
  return options;
}

/// All that counts of a history, as text.
std::string history_of(const Study& study) {
  std::string text;
  for (const Trial& trial : study.history().trials()) {
    text += fmt::format("{} {} {} {}", trial.id, static_cast<int>(trial.state), trial.configuration.hash(),
                        trial.cost);
    for (const Report& report : trial.reports)
      text += fmt::format(" {}:{}", report.step, std::bit_cast<std::uint64_t>(report.values[0]));
    for (const Exchange& exchange : trial.exchanges) text += fmt::format(" from {}", exchange.source);
    text += '\n';
  }
  return text;
}

rk::RuntimeOptions small_run(const std::string& directory = {}) {
  rk::RuntimeOptions options;
  options.arena_bytes = std::uint64_t{64} << 20;
  options.run_directory = directory;
  return options;
}

void on_ranks(int ranks, const std::function<void()>& driver, const std::string& directory = {}) {
  rk::run_as_threads(ranks, small_run(directory), driver);
}

using Folder = TemporaryFolder;

}  // namespace run_trials_test

using namespace run_trials_test;

TEST_CASE("ordered studies have the same history on any number of ranks, with every scheduler") {
  for (const std::string scheduler :
       {"none", "median", "asha", "hyperband", "async-hyperband", "bohb", "pbt"}) {
    INFO(scheduler);
    Shape shape;
    shape.scheduler = scheduler;
    shape.interval = 3;
    std::string wanted;
    for (const int ranks : {1, 2, 4}) {
      on_ranks(ranks, [&] {
        Study study = study_of(shape);
        const TrialsOutcome outcome = run_trials<descend>(study, quiet());
        CHECK(study.done());
        CHECK(outcome.failed == 0);
        CHECK(study.history().trials().size() == (scheduler == "pbt" ? 6 : 24));
        if (wanted.empty()) wanted = history_of(study);
        CHECK(history_of(study) == wanted);
        const TrialId best = study.history().best();
        REQUIRE(best != kNoTrial);
        CHECK(outcome.load_best<double>() == study.history().trial(best).values[0]);
      });
    }
  }
}

TEST_CASE("a promoted trial goes on from its checkpoint: no step is trained twice") {
  on_ranks(3, [] {
    Shape shape;
    shape.mode = Mode::async;
    Study study = study_of(shape);
    steps_trained = 0;
    run_trials<descend>(study, quiet());
    Step steps = 0;
    for (const Trial& trial : study.history().trials()) {
      steps += trial.last_step();
      CHECK(trial.cost == static_cast<double>(trial.last_step()));
    }
    CHECK(steps_trained == steps);
    CHECK(steps < 24 * 9);
    CHECK(study.cost() == static_cast<double>(steps));
  });
}

TEST_CASE("a trial that is an object saves and loads its state") {
  on_ranks(2, [] {
    Shape shape;
    shape.trials = 9;
    Study study = study_of(shape);
    run_trials<stepwise<Walker>>(study, quiet());
    for (const Trial& trial : study.history().trials())
      CHECK(trial.values[0] ==
            Approx(trial.configuration.values[0] * static_cast<double>(trial.last_step())));
  });
}

TEST_CASE("a trial that fails is counted, the others go on; what is tried again may succeed") {
  for (const Mode mode : {Mode::async, Mode::ordered}) {
    on_ranks(3, [&] {
      Shape shape;
      shape.scheduler = "none";
      shape.mode = mode;
      Study study = study_of(shape);
      const TrialsOutcome outcome = run_trials<fails_above>(study, quiet(), 0.5);
      std::uint64_t above = 0;
      for (const Trial& trial : study.history().trials()) {
        const bool failed = trial.configuration.values[0] > 0.5;
        above += failed;
        CHECK((trial.state == TrialState::failed) == failed);
        if (failed) CHECK_THAT(trial.words, ContainsSubstring("a rate of 0."));
      }
      CHECK(outcome.failed == above);
      CHECK(above > 0);
      Study again = study_of(shape);
      failures_left = 3;
      TrialsOptions options = quiet();
      options.task.key = 8;
      options.retries = 3;
      CHECK(run_trials<fails_at_first>(again, options).failed == 0);
    });
  }
}

TEST_CASE("a trial that gives another number of values than the study has objectives fails in words") {
  on_ranks(2, [] {
    StudyOptions options;
    options.directions = {Direction::minimise, Direction::minimise};
    options.trials_max = 3;
    Study study(rates(), options, make_sampler("random"));
    CHECK(run_trials<two_values>(study, quiet()).failed == 1);
    CHECK_THAT(study.history().trial(1).words,
               ContainsSubstring("gave 1 values, the study has 2 objectives"));
  });
}

TEST_CASE("live: a trial is stopped while it runs") {
  on_ranks(3, [] {
    Shape shape;
    shape.scheduler = "asha";
    shape.mode = Mode::async;
    shape.resumable = false;
    shape.steps_max = 100'000;
    shape.trials = 8;
    Study study = study_of(shape);
    TrialsOptions options = quiet(100'000);
    options.live = true;
    run_trials<patient>(study, options);
    int stopped = 0;
    for (const Trial& trial : study.history().trials()) {
      const bool good = trial.configuration.values[0] < 0.5;
      if (!good) CHECK(trial.state == TrialState::stopped);
      stopped += trial.state == TrialState::stopped;
      CHECK(trial.last_step() < 100'000);
    }
    CHECK(stopped > 0);
    CHECK(study.history().best() != kNoTrial);
  });
}

TEST_CASE("budgets of cost end a study") {
  on_ranks(2, [] {
    StudyOptions options;
    options.cost_max = 30;
    Study study(rates(), options, make_sampler("random"));
    run_trials<descend>(study, quiet());
    CHECK(study.cost() >= 30);
    CHECK(study.cost() <= 30 + 9);
  });
}

TEST_CASE("a run that is taken from its journal trains nothing again and has the same history") {
  for (const Mode mode : {Mode::async, Mode::ordered}) {
    const Folder folder;
    Shape shape;
    shape.mode = mode;
    std::string wanted;
    double best = 0;
    on_ranks(
        3,
        [&] {
          Study study = study_of(shape);
          best = *run_trials<descend>(study, quiet()).load_best<double>();
          wanted = history_of(study);
        },
        folder.path);
    rk::RuntimeOptions options = small_run(folder.path);
    options.resume = rk::Resume::required;
    begun = 0;
    rk::run_as_threads(4, options, [&] {
      Study study = study_of(shape);
      const TrialsOutcome outcome = run_trials<descend>(study, quiet());
      CHECK(history_of(study) == wanted);
      CHECK(outcome.replayed == outcome.pieces);
      CHECK(outcome.load_best<double>() == best);
    });
    CHECK(begun == 0);
    if (mode == Mode::async) {
      rk::run_as_threads(2, options, [&] {
        Shape other = shape;
        other.trials = 30;  // more of the same study: it goes on
        Study study = study_of(other);
        run_trials<descend>(study, quiet());
        CHECK(study.history().trials().size() == 30);
      });
    }
    rk::run_as_threads(2, options, [&] {
      Shape other = shape;
      other.scheduler = "hyperband";
      Study study = study_of(other);
      CHECK_THROWS_WITH(run_trials<descend>(study, quiet()),
                        ContainsSubstring("the journal is of another study"));
    });
  }
}
