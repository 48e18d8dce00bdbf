// SPDX-License-Identifier: Apache-2.0
// Rungs, brackets and decisions, checked by hand.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/tune/schedulers.hpp>
#include <rankine/tune/study.hpp>

#include "catch.hpp"
#include "tune/schedulers/median.hpp"
#include "tune/schedulers/population.hpp"
#include "tune/schedulers/rung.hpp"

namespace schedulers_test {

using namespace rankine::tune;
using Steps = std::vector<Step>;
using Counts = std::vector<std::size_t>;

SchedulerOptions up_to(Step steps_max) {
  SchedulerOptions options;
  options.steps_max = steps_max;
  return options;
}

Study study_of(const std::string& scheduler, const SchedulerOptions& options, std::size_t trials,
               StudyOptions made = {}) {
  made.trials_max = trials;
  Space space;
  space.add(uniform("x", 0, 1));
  return Study(space, made, make_sampler("random"), make_scheduler(scheduler, options));
}

/// Reports loss(trial, step) at each step of the assignment and ends it; trials end by themselves at `last`.
template <class Loss>
Verdict train(Study& study, const Assignment& assignment, Step last, Loss&& loss) {
  for (Step step = assignment.from + 1; step <= std::min(assignment.until, last); ++step) {
    const Verdict verdict =
        study.report(assignment.number, {step, {loss(assignment.trial, step)}, static_cast<double>(step)});
    if (verdict.decision == Decision::go_on) continue;
    study.end(assignment.number, {Ending::Kind::paused, {}, -1, {}});
    return verdict;
  }
  study.end(assignment.number, {});
  return {};
}

/// All assignments as "trial:from-until", done one at a time.
template <class Loss>
std::vector<std::string> program(Study& study, Step last, Loss&& loss) {
  std::vector<std::string> lines;
  while (const auto assignment = study.ask()) {
    const Step until = std::min(assignment->until, last);
    lines.push_back(std::to_string(assignment->trial) + ":" + std::to_string(assignment->from) + "-" +
                    std::to_string(until));
    train(study, *assignment, last, loss);
  }
  return lines;
}

double by_number(TrialId trial, Step) {
  return trial;
}

Counts states(const Study& study) {
  std::map<TrialState, std::size_t> counts;
  for (const Trial& trial : study.history().trials()) ++counts[trial.state];
  return {counts[TrialState::finished], counts[TrialState::stopped], counts[TrialState::paused],
          counts[TrialState::failed]};
}

}  // namespace schedulers_test

using namespace schedulers_test;

TEST_CASE("rungs lie at powers of eta below the whole") {
  CHECK(rung_steps(1, 3, 50) == Steps{1, 3, 9, 27});
  CHECK(rung_steps(1, 3, 27) == Steps{1, 3, 9});
  CHECK(rung_steps(4, 2, 9) == Steps{4, 8});
  CHECK(rung_steps(1, 1.2, 4) == Steps{1, 2, 3});  // rounded, each once
  CHECK(rung_steps(5, 3, 5).empty());
}

TEST_CASE("brackets are those of the Hyperband paper's table 1") {
  const auto brackets = hyperband_brackets(1, 3, 81);
  REQUIRE(brackets.size() == 5);
  CHECK(brackets[0].trials == Counts{81, 27, 9, 3, 1});
  CHECK(brackets[0].steps == Steps{1, 3, 9, 27, 81});
  CHECK(brackets[1].trials == Counts{34, 11, 3, 1});  // 34 by the paper's formula, 27 in its table
  CHECK(brackets[1].steps == Steps{3, 9, 27, 81});
  CHECK(brackets[2].trials == Counts{15, 5, 1});
  CHECK(brackets[3].trials == Counts{8, 2});
  CHECK(brackets[4].trials == Counts{5});
  CHECK(brackets[4].steps == Steps{81});
}

TEST_CASE("a rung promotes the best one of eta, each once, never infinite ones") {
  Rung rung(3);
  rung.add(0, 5);
  rung.add(1, 4);
  CHECK(rung.promotable() == kNoTrial);  // floor(2 / 3)
  rung.add(2, 6);
  CHECK(rung.promotable() == 1);
  rung.promote(1);
  CHECK(rung.promotable() == kNoTrial);
  rung.add(3, 1);  // floor(4 / 3) = 1, and it is trial 3 now
  CHECK(rung.promotable() == 3);
  rung.promote(3);
  rung.add(4, 9);
  rung.add(5, 9);
  CHECK(rung.promotable() == kNoTrial);  // 2 of 6: trials 3 and 1, promoted both
  for (TrialId k = 6; k < 9; ++k) rung.add(k, std::numeric_limits<double>::infinity());
  CHECK(rung.promotable() == 0);
  Rung hopeless(2);
  for (TrialId k = 0; k < 8; ++k) hopeless.add(k, std::numeric_limits<double>::infinity());
  CHECK(hopeless.promotable() == kNoTrial);
}

TEST_CASE("a rung agrees with sorting, whatever comes") {
  rankine::Philox random(7, 1);
  Rung rung(4);
  std::vector<std::pair<double, TrialId>> all;
  std::map<TrialId, bool> promoted;
  for (TrialId k = 0; k < 400; ++k) {
    const double loss = static_cast<double>(random.below(50));
    rung.add(k, loss);
    all.emplace_back(loss, k);
    std::sort(all.begin(), all.end());
    TrialId wanted = kNoTrial;
    for (std::size_t at = 0; at < all.size() / 4 && wanted == kNoTrial; ++at) {
      if (!promoted[all[at].second]) wanted = all[at].second;
    }
    REQUIRE(rung.promotable() == wanted);
    if (wanted != kNoTrial && random.below(2) == 0) {
      rung.promote(wanted);
      promoted[wanted] = true;
    }
  }
}

TEST_CASE("ASHA promotes as soon as it can, the highest rung first, and goes on where the trial was") {
  Study study = study_of("asha", up_to(9), 9);
  const auto lines = program(study, 9, [](TrialId trial, Step) { return 9.0 - trial; });
  // Each new trial is the best of its rung, and from the third on one of three may go on.
  CHECK(lines == std::vector<std::string>{"0:0-1", "1:0-1", "2:0-1", "2:1-3", "3:0-1", "3:1-3", "4:0-1",
                                          "4:1-3", "4:3-9", "5:0-1", "5:1-3", "5:3-9", "6:0-1", "6:1-3",
                                          "6:3-9", "7:0-1", "7:1-3", "7:3-9", "8:0-1", "8:1-3", "8:3-9"});
  CHECK(states(study) == Counts{5, 0, 4, 0});
  CHECK(study.history().best() == 8);
  Study worse = study_of("asha", up_to(9), 9);
  CHECK(program(worse, 9, by_number) == std::vector<std::string>{"0:0-1", "1:0-1", "2:0-1", "0:1-3", "3:0-1",
                                                                 "4:0-1", "5:0-1", "1:1-3", "6:0-1", "7:0-1",
                                                                 "8:0-1", "2:1-3", "0:3-9"});
}

TEST_CASE("where trials cannot be resumed ASHA stops them, or lets them run on") {
  SchedulerOptions options = up_to(9);
  options.resumable = false;
  Study study = study_of("asha", options, 6);
  const auto lines = program(study, 9, by_number);
  CHECK(lines.size() == 6);  // one assignment a trial
  // At step 1: trial 0 is the best of 1; 1 is not among ceil(2/3) and so on; 3 is not among ceil(4/3) = 2.
  CHECK(states(study) == Counts{1, 5, 0, 0});
  CHECK(study.history().trial(5).last_step() == 1);
  CHECK(study.history().best() == 0);
  Study better = study_of("asha", options, 4);
  program(better, 9, [](TrialId trial, Step) { return 9.0 - trial; });
  CHECK(states(better) == Counts{4, 0, 0, 0});
}

TEST_CASE("a trial that reports seldom passes several rungs at once") {
  Study study = study_of("asha", up_to(27), 3);
  for (int k = 0; k < 3; ++k) {
    const auto assignment = study.ask();
    CHECK(study.report(assignment->number, {5, {1.0 * k}, 5}).decision == Decision::pause);
    study.end(assignment->number, {Ending::Kind::paused, {}, -1, {}});
  }
  const auto promoted = study.ask();
  REQUIRE(promoted);
  CHECK(promoted->trial == 0);
  CHECK(promoted->until == 9);  // not 3 once more
}

TEST_CASE("Hyperband waits for whole rungs, and a free slot begins the next bracket") {
  Study study = study_of("hyperband", up_to(9), 1000);
  std::vector<Assignment> first;
  for (int k = 0; k < 9; ++k) first.push_back(*study.ask());
  for (const Assignment& assignment : first) CHECK(assignment.until == 1);
  const Assignment beside = *study.ask();  // the rung is full, but not done
  CHECK(beside.trial == 9);
  CHECK(beside.until == 3);
  for (int k = 0; k < 8; ++k) train(study, first[static_cast<std::size_t>(k)], 9, by_number);
  CHECK(study.ask()->trial == 10);
  train(study, first[8], 9, by_number);
  for (TrialId wanted = 0; wanted < 3; ++wanted) {
    const Assignment promoted = *study.ask();
    CHECK(promoted.trial == wanted);
    CHECK(promoted.from == 1);
    CHECK(promoted.until == 3);
    train(study, promoted, 9, by_number);
  }
  const Assignment last = *study.ask();
  CHECK(last.trial == 0);
  CHECK(last.until == kLastStep);
}

TEST_CASE("Hyperband with few trials, failures and trials that end early comes to its end") {
  Study study = study_of("hyperband", up_to(27), 20);
  while (const auto assignment = study.ask()) {
    if (assignment->trial % 3 == 1) {
      study.end(assignment->number, {Ending::Kind::failed, {}, -1, "no"});
    } else if (assignment->trial % 3 == 2) {
      study.tell(assignment->number, {5.0});
    } else {
      train(study, *assignment, 27, by_number);
    }
  }
  CHECK(study.done());
  CHECK(study.history().trials().size() == 20);
  CHECK(study.history().best() == 0);
  const Counts counts = states(study);
  CHECK(counts[0] + counts[2] + counts[3] == 20);
  CHECK(counts[3] == 7);
}

TEST_CASE("asynchronous Hyperband shares new trials between brackets in the proportions of Hyperband") {
  Study study = study_of("async-hyperband", up_to(9), 340);
  std::map<Step, int> begun;
  while (const auto assignment = study.ask()) {
    if (assignment->from == 0) ++begun[assignment->until];
    train(study, *assignment, 9, by_number);
  }
  CHECK(begun[1] == 180);  // 9 : 5 : 3
  CHECK(begun[3] == 100);
  CHECK(begun[kLastStep] == 60);
}

TEST_CASE("the running median is the median") {
  RunningMedian median;
  median.add(3);
  CHECK(median.median() == 3);
  median.add(1);
  CHECK(median.median() == 1);
  median.add(2);
  median.add(10);
  median.add(10);
  CHECK(median.median() == 3);
  CHECK(median.size() == 5);
}

TEST_CASE("the median rule stops what is worse than half of the others, after enough others") {
  SchedulerOptions options = up_to(10);
  options.trials_min = 3;
  options.step_min = 2;
  Study study = study_of("median", options, 5);
  program(study, 10, by_number);
  CHECK(states(study) == Counts{3, 2, 0, 0});  // 3 is worse than the median of 0, 1, 2
  CHECK(study.history().trial(3).last_step() == 2);
  Study improving = study_of("median", options, 5);
  program(improving, 10, [](TrialId trial, Step) { return 9.0 - trial; });
  CHECK(states(improving) == Counts{5, 0, 0, 0});
}

TEST_CASE("with an interval the median rule stops trials of an ordered study, too") {
  SchedulerOptions options = up_to(10);
  options.trials_min = 3;
  options.interval = 2;
  StudyOptions ordered;
  ordered.mode = Mode::ordered;
  Study study = study_of("median", options, 5, ordered);
  program(study, 10, by_number);
  CHECK(states(study) == Counts{3, 2, 0, 0});
  CHECK(study.history().trial(3).last_step() <= 2);
}

TEST_CASE("population based training: the worst take over from the best and go on from there") {
  SchedulerOptions options = up_to(30);
  options.interval = 10;
  options.population = 5;
  Study study = study_of("pbt", options, 100);
  std::vector<Assignment> first;
  for (int k = 0; k < 5; ++k) first.push_back(*study.ask());
  CHECK_FALSE(study.ask());
  for (const Assignment& assignment : first) {
    CHECK(assignment.until == 10);
    train(study, assignment, 30, by_number);
  }
  for (TrialId k = 0; k < 5; ++k) {
    const Assignment next = *study.ask();
    CHECK(next.trial == k);
    // ceil(0.2 * 5) = 1 of the worst takes over from the best, which is at step 20 by now.
    CHECK(next.checkpoint == (k == 4 ? 0u : k));
    CHECK(next.from == (k == 4 ? 20 : 10));
    CHECK(next.until == (k == 4 ? kLastStep : 20));
    train(study, next, 30, by_number);
  }
  const Trial& worst = study.history().trial(4);
  REQUIRE(worst.exchanges.size() == 1);
  CHECK(worst.exchanges[0].source == 0);
  CHECK_FALSE(worst.configuration == study.history().trial(0).configuration);
  while (const auto next = study.ask()) {
    CHECK(next->until == kLastStep);
    train(study, *next, 30, by_number);
  }
  CHECK(states(study) == Counts{5, 0, 0, 0});
}

TEST_CASE("exploring keeps bounds, kinds and conditions") {
  Space space;
  space.add(log_uniform("lr", 1e-4, 1e-1));
  space.add(integer("layers", 1, 4));
  space.add(categorical("optimiser", {"sgd", "adam"}));
  space.add(levels("batch", {16, 32, 64}));
  space.add(uniform("momentum", 0, 0.99).when("optimiser", {"sgd"}));
  SchedulerOptions options;
  options.resample_probability = 0;
  const Configuration from{{1e-2, 2, 1, 32, kInactive}, -1};
  for (std::uint64_t key = 0; key < 50; ++key) {
    rankine::Philox random(1, key);
    const Configuration made = explore(space, from, options, random);
    const bool down = made.values[0] < 1e-2;
    CHECK(std::abs(made.values[0] - (down ? 0.8e-2 : 1.2e-2)) < 1e-12);
    CHECK((made.values[1] == 1 || made.values[1] == 3));
    CHECK(made.values[2] == 1);
    CHECK((made.values[3] == 16 || made.values[3] == 64));
    CHECK(std::isnan(made.values[4]));
  }
  const Configuration edge{{1e-1, 4, 0, 64, 0.99}, -1};
  for (std::uint64_t key = 0; key < 50; ++key) {
    rankine::Philox random(2, key);
    const Configuration made = explore(space, edge, options, random);
    CHECK(made.values[0] <= 0.1 * (1 + 1e-12));
    CHECK(made.values[1] <= 4);
    CHECK(made.values[4] <= 0.99);
  }
}

TEST_CASE("wrong options are named") {
  CHECK_THROWS_WITH(make_scheduler("ash"),
                    ContainsSubstring("there is no scheduler \"ash\"; there are: none"));
  SchedulerOptions options;
  CHECK_THROWS_WITH(make_scheduler("hyperband", options), ContainsSubstring("steps_max is not given"));
  CHECK_THROWS_WITH(make_scheduler("pbt", up_to(10)), ContainsSubstring("interval is not given"));
  options.eta = 1;
  CHECK_THROWS_WITH(make_scheduler("asha", options), ContainsSubstring("eta is 1; it must be larger"));
  options = up_to(10);
  options.resumable = false;
  CHECK_THROWS_WITH(make_scheduler("bohb", options), ContainsSubstring("trials must be resumable"));
  options = up_to(2);
  options.step_min = 5;
  CHECK_THROWS_WITH(make_scheduler("asha", options), ContainsSubstring("less than step_min 5"));
}

TEST_CASE("speed: ask, tell and ASHA's decision", "[.speed]") {
  const auto start = std::chrono::steady_clock::now();
  constexpr std::size_t trials = 300'000;
  Study study = study_of("asha", up_to(81), trials);
  std::size_t told = 0;
  rankine::Philox random(1, 1);
  while (const auto assignment = study.ask()) {
    const Step step = std::min<Step>(assignment->until, 81);
    study.report(assignment->number, {step, {random.uniform()}, static_cast<double>(step)});
    study.end(assignment->number, {Ending::Kind::paused, {}, -1, {}});
    ++told;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  WARN(told << " assignments of " << trials << " trials: " << static_cast<double>(told) / seconds.count()
            << "/s");
  CHECK(static_cast<double>(told) / seconds.count() > 100'000);
}
