// SPDX-License-Identifier: Apache-2.0
// What every sampler promises, and what each is for.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/tune/study.hpp>
#include <rankine/tune/test_functions.hpp>

#include "catch.hpp"
#include "run_study.hpp"
#include "sanitized.hpp"

namespace tune = rankine::tune;

namespace {

constexpr std::size_t kTrials = kSanitized ? 16 : 40;
const std::vector<std::string> kSamplers{"cmaes", "gp", "grid", "nsga2", "random", "sobol", "tpe"};

/// Every kind of dimension, conditions and a constraint.
tune::Space rich_space() {
  tune::Space space;
  space.add(tune::categorical("optimiser", {"sgd", "adam", "lion"}));
  space.add(tune::log_uniform("lr", 1e-4, 1));
  space.add(tune::uniform("momentum", 0, 1).when("optimiser", {"sgd"}));
  space.add(tune::integer("layers", 1, 4));
  space.add(tune::log_integer("width", 1, 200));
  space.add(tune::quantised("dropout", 0, 0.5, 0.1).when("layers", {"2", "3", "4"}));
  space.add(tune::levels("batch", {16, 32, 64}));
  space.constrain("layers * width <= 400",
                  [](const auto&, const auto& c) { return c.values[3] * c.values[4] <= 400; });
  return space;
}

double rich_loss(const tune::Configuration& c) {
  const double momentum = std::isnan(c.values[2]) ? 0.3 : std::fabs(c.values[2] - 0.9);
  return std::pow(std::log10(c.values[1]) + 2, 2) + momentum + c.values[3] / 4 +
         std::fabs(c.values[4] - 50) / 100;
}

void check_inside(const tune::Space& space, const tune::Configuration& c) {
  INFO(space.describe(c));
  REQUIRE(c.values.size() == space.size());
  CHECK(space.allows(c));
  for (std::size_t d = 0; d < space.size(); ++d) {
    const bool active = space.active(c.values, d);
    REQUIRE(active == !std::isnan(c.values[d]));
    if (active)
      CHECK(space.dimension(d).parse(tune::text_of(space.dimension(d).value_of(c.values[d]))) == c.values[d]);
  }
}

std::vector<tune::Configuration> rich_history(const std::string& sampler, std::size_t slots,
                                              std::uint64_t luck) {
  tune::StudyOptions options;
  options.seed = 11;
  options.trials_max = kTrials;
  return ordered_history(rich_space(), sampler, options, rich_loss, slots, luck);
}

double best_of(const std::string& function_name, const std::string& sampler, std::size_t trials,
               std::uint64_t seed, std::size_t parallel = 1, bool maximise = false) {
  const tune::TestFunction function = tune::test_function(function_name);
  tune::StudyOptions options;
  options.seed = seed;
  options.trials_max = trials;
  if (maximise) options.directions = {tune::Direction::maximise};
  tune::Study study(function.space, options, tune::make_sampler(sampler));
  double least = std::numeric_limits<double>::infinity();
  run_study(study, parallel, oldest, [&](const tune::Assignment& ended) {
    const double value = function.values(ended.configuration.values)[0];
    least = std::min(least, value);
    return tune::Losses{maximise ? -value : value};
  });
  return least;
}

double mean_best(const std::string& function, const std::string& sampler, std::size_t trials,
                 std::size_t parallel = 1, bool maximise = false) {
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed)
    sum += best_of(function, sampler, trials, seed, parallel, maximise);
  return sum / 4;
}

}  // namespace

TEST_CASE("every sampler stays in a space of all kinds, with conditions and a constraint") {
  for (const std::string& sampler : kSamplers) {
    INFO(sampler);
    tune::StudyOptions options;
    options.trials_max = kTrials;
    tune::Study study(rich_space(), options, tune::make_sampler(sampler));
    while (auto assignment = study.ask()) {
      check_inside(study.history().space(), assignment->configuration);
      // Some fail, some diverge: no sampler minds.
      if (assignment->trial % 7 == 3) {
        tune::Ending failed;
        failed.kind = tune::Ending::Kind::failed;
        study.end(assignment->number, failed);
      } else {
        const bool diverged = assignment->trial % 7 == 5;
        study.tell(assignment->number, {diverged ? std::nan("") : rich_loss(assignment->configuration)});
      }
    }
    CHECK(study.history().trials().size() == kTrials);
  }
}

TEST_CASE("every sampler, ordered: slots and who ends first do not matter; another seed is another history") {
  for (const std::string& sampler : kSamplers) {
    INFO(sampler);
    const auto alone = rich_history(sampler, 1, 1);
    REQUIRE(alone.size() == kTrials);
    CHECK(rich_history(sampler, 4, 2) == alone);
    CHECK(rich_history(sampler, 9, 3) == alone);
  }
}

TEST_CASE("every sampler draws every row of a table once, and no more") {
  for (const std::string& sampler : kSamplers) {
    INFO(sampler);
    tune::Space space;
    space.add(tune::levels("a", {0, 1, 2, 3, 4, 5})).add(tune::categorical("b", {"x", "y"}));
    std::vector<std::vector<double>> rows;
    for (int i = 0; i < 30; ++i) rows.push_back({static_cast<double>(i % 6), static_cast<double>(i % 2)});
    space.set_rows(rows);
    tune::Study study(space, {}, tune::make_sampler(sampler));
    std::set<std::int64_t> seen;
    while (auto assignment = study.ask()) {
      seen.insert(assignment->configuration.row);
      study.tell(assignment->number, {assignment->configuration.values[0]});
    }
    CHECK(seen.size() == 30);
    CHECK(study.history().trials().size() == 30);
  }
}

TEST_CASE("a small finite space is searched by the Gaussian process without a repetition") {
  tune::Space space;
  space.add(tune::integer("a", 0, 4)).add(tune::categorical("b", {"x", "y", "z"}));
  tune::StudyOptions options;
  options.trials_max = 12;
  tune::Study study(space, options, tune::make_sampler("gp"));
  std::set<std::uint64_t> after_startup;
  while (auto assignment = study.ask()) {
    if (assignment->trial >= 6) CHECK(after_startup.insert(assignment->configuration.hash()).second);
    study.tell(assignment->number, {std::fabs(assignment->configuration.values[0] - 3)});
  }
  CHECK(study.history().trial(study.history().best()).values[0] == 0);
}

TEST_CASE(
    "models find minima that random search does not, one by one and in parallel, turned round as well") {
  if (kSanitized) return;  // what is found is the release build's business
  const double random = mean_best("branin", "random", 60);
  CHECK(random > 0.45);
  CHECK(mean_best("branin", "tpe", 60) < 0.6 * random);
  CHECK(mean_best("branin", "gp", 40) < 0.402);
  CHECK(mean_best("branin", "gp", 40, 4) < 0.41);
  CHECK(mean_best("branin", "tpe", 80, 8, true) < 0.55);
  CHECK(mean_best("hartmann6", "gp", 60) < -3.1);
  CHECK(mean_best("hartmann6", "tpe", 200) < -3.1);
  CHECK(mean_best("hartmann6", "cmaes", 200, 1, true) < -3.2);
}

TEST_CASE("CMA-ES converges on quadratic bowls and along a curved valley, also with slots that never wait") {
  CHECK(best_of("sphere4", "cmaes", 600, 1) < 1e-8);
  CHECK(best_of("ellipsoid4", "cmaes", 1500, 2) < 1e-8);
  CHECK(best_of("rosenbrock4", "cmaes", 2500, 3) < 1e-6);
  CHECK(best_of("sphere4", "cmaes", 900, 4, 8) < 1e-6);
}

TEST_CASE("the grid is every combination once, inactive dimensions do not multiply it") {
  tune::Space space;
  space.add(tune::categorical("a", {"x", "y"}));
  space.add(tune::integer("b", 1, 3).when("a", {"y"}));
  space.add(tune::uniform("c", 0, 1));
  tune::Study study(space, {}, tune::make_sampler("grid"));
  std::set<std::uint64_t> seen;
  std::string first;
  while (auto assignment = study.ask()) {
    if (first.empty()) first = space.describe(assignment->configuration);
    seen.insert(assignment->configuration.hash());
    study.tell(assignment->number, {1});
  }
  CHECK(first == "a=x c=0");
  CHECK(study.history().trials().size() == 40);  // (1 + 3) * 10
  CHECK(seen.size() == 40);
}

TEST_CASE("Sobol's points are even: each half, quarter and eighth of each axis has its share") {
  tune::Space space;
  for (int d = 0; d < 5; ++d) space.add(tune::uniform(fmt::format("x{}", d), 0, 1));
  tune::StudyOptions options;
  options.trials_max = 64;
  for (const std::uint64_t seed : {1, 2}) {
    options.seed = seed;
    tune::Study study(space, options, tune::make_sampler("sobol"));
    std::vector<std::vector<int>> counts(5, std::vector<int>(8));
    while (auto assignment = study.ask()) {
      for (std::size_t d = 0; d < 5; ++d)
        ++counts[d][static_cast<std::size_t>(assignment->configuration.values[d] * 8)];
      study.tell(assignment->number, {1});
    }
    for (const auto& axis : counts) {
      // The sequence without its first point: a cell may lack that one and have another.
      for (const int count : axis) CHECK(std::abs(count - 8) <= 1);
    }
  }
}

TEST_CASE(
    "TPE learns at the highest fidelity that enough trials reached, from running and stopped ones too") {
  // Low fidelity says that x near 0.2 is good, high fidelity x near 0.8.
  tune::Space space;
  space.add(tune::uniform("x", 0, 1));
  const auto proposals_near = [&](std::size_t high, double where) {
    tune::History history(space, {tune::Direction::minimise}, 3);
    for (std::size_t i = 0; i < 40; ++i) {
      const double x = std::fmod(0.37 * static_cast<double>(i), 1);
      const tune::TrialId id = history.begin({{x}, -1}).id;
      tune::Trial& trial = history.change(id);
      trial.reports.push_back({1, {std::fabs(x - 0.2)}, 1});
      if (i < high) trial.reports.push_back({3, {std::fabs(x - 0.8)}, 3});
      trial.values = trial.reports.back().values;
      history.set_state(id, i % 2 ? tune::TrialState::stopped : tune::TrialState::running);
    }
    int near = 0;
    for (tune::TrialId id = 40; id < 60; ++id) {
      const auto sampler = tune::make_sampler("tpe");
      near += std::fabs(sampler->ask(history, id)->values[0] - where) < 0.15;
    }
    return near;
  };
  CHECK(proposals_near(0, 0.2) >= 15);
  CHECK(proposals_near(30, 0.8) >= 15);
}

TEST_CASE("TPE and the Gaussian process keep away from what is running") {
  for (const std::string name : {"tpe", "gp"}) {
    INFO(name);
    const tune::TestFunction function = tune::test_function("hartmann6");
    tune::StudyOptions options;
    options.seed = 4;
    tune::Study study(function.space, options, tune::make_sampler(name));
    for (int i = 0; i < 20; ++i) {
      const auto assignment = study.ask();
      study.tell(assignment->number, function.values(assignment->configuration.values));
    }
    double nearest = 10;
    std::vector<std::vector<double>> running;
    for (int i = 0; i < 8; ++i) {
      const auto x = study.ask()->configuration.values;
      for (const auto& other : running) {
        double squares = 0;
        for (std::size_t d = 0; d < x.size(); ++d) squares += std::pow(x[d] - other[d], 2);
        nearest = std::min(nearest, std::sqrt(squares));
      }
      running.push_back(x);
    }
    CHECK(nearest > 0.005);
  }
}

TEST_CASE("a warm start spares the random beginning and is not counted") {
  const tune::TestFunction function = tune::test_function("branin");
  std::vector<tune::Trial> earlier;
  tune::StudyOptions options;
  options.trials_max = kSanitized ? 20 : 40;
  {
    tune::Study study(function.space, options, tune::make_sampler("gp"));
    while (auto assignment = study.ask()) {
      study.tell(assignment->number, function.values(assignment->configuration.values));
    }
    earlier = study.history().trials();
  }
  for (const std::string name : {"gp", "tpe", "cmaes"}) {
    INFO(name);
    options.trials_max = 15;
    tune::Study study(function.space, options, tune::make_sampler(name));
    study.warm_start(earlier);
    CHECK(study.history().best() == tune::kNoTrial);
    while (auto assignment = study.ask()) {
      study.tell(assignment->number, function.values(assignment->configuration.values));
    }
    CHECK(study.history().trials().size() == 15);
    CHECK(study.history().trial(study.history().best()).values[0] < 2);
  }
  tune::Space other;
  other.add(tune::uniform("x", 0, 1));
  tune::Study study(other, options, tune::make_sampler("gp"));
  CHECK_THROWS_WITH(study.warm_start(earlier), ContainsSubstring("2 dimensions"));
}

TEST_CASE("single-objective samplers refuse several objectives in words") {
  for (const std::string name : {"tpe", "gp", "cmaes"}) {
    tune::StudyOptions options;
    options.directions = {tune::Direction::minimise, tune::Direction::maximise};
    tune::Study study(rich_space(), options, tune::make_sampler(name));
    CHECK_THROWS_WITH(study.ask(), ContainsSubstring("nsga2"));
  }
  CHECK_THROWS_WITH(tune::make_sampler("best"), ContainsSubstring("cmaes, gp, grid"));
}
