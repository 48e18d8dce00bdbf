// SPDX-License-Identifier: Apache-2.0
// Fronts, crowding, hypervolume; NSGA-II on ZDT1, whose front is known.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <rankine/tune/pareto.hpp>
#include <rankine/tune/study.hpp>
#include <rankine/tune/test_functions.hpp>

#include "catch.hpp"
#include "run_study.hpp"
#include "sanitized.hpp"

namespace tune = rankine::tune;

TEST_CASE("domination, fronts and crowding of a few points") {
  CHECK(tune::dominates({1, 1}, {1, 2}));
  CHECK_FALSE(tune::dominates({1, 1}, {1, 1}));
  CHECK_FALSE(tune::dominates({1, 3}, {2, 2}));
  const std::vector<tune::Losses> points{{1, 4}, {2, 2}, {4, 1}, {3, 3}, {5, 5}, {2, 4}};
  CHECK(tune::front_numbers(points) == std::vector<std::size_t>{0, 0, 0, 1, 2, 1});
  const auto distances = tune::crowding(points, {0, 1, 2});
  CHECK(std::isinf(distances[0]));
  CHECK(distances[1] == Approx(2));
  CHECK(std::isinf(distances[2]));
}

TEST_CASE("hypervolumes of boxes in one, two and three losses") {
  CHECK(tune::hypervolume({{0.25}, {0.5}}, {1}) == Approx(0.75));
  CHECK(tune::hypervolume({{1, 4}, {2, 2}, {4, 1}, {6, 0}}, {5, 5}) == Approx(4 + 6 + 1));
  CHECK(tune::hypervolume({{0, 0, 0}}, {1, 2, 3}) == Approx(6));
  CHECK(tune::hypervolume({{0, 0, 0.5}, {0.5, 0.5, 0}}, {1, 1, 1}) == Approx(0.5 + 0.25 - 0.125));
  CHECK(tune::hypervolume({}, {1, 1}) == 0);
}

TEST_CASE("NSGA-II comes near the front of ZDT1, random search does not") {
  if (kSanitized) return;  // thousands of trials: the release build's business
  const auto volume = [](const char* sampler, std::size_t parallel) {
    const tune::TestFunction function = tune::test_function("zdt1");
    tune::StudyOptions options;
    options.directions = {tune::Direction::minimise, tune::Direction::minimise};
    options.trials_max = 5000;
    options.seed = 7;
    tune::Study study(function.space, options, tune::make_sampler(sampler));
    run_study(study, parallel, oldest,
              [&](const tune::Assignment& ended) { return function.values(ended.configuration.values); });
    std::vector<tune::Losses> front;
    for (const tune::TrialId id : study.pareto_front()) front.push_back(study.history().trial(id).values);
    for (const auto& a : front) {
      for (const auto& b : front) CHECK_FALSE(tune::dominates(a, b));
    }
    return tune::hypervolume(front, {1.1, 1.1});
  };
  // The whole front f2 = 1 - sqrt(f1) dominates 1.21 - 1/3 of that box.
  const double all = 1.21 - 1.0 / 3;
  CHECK(volume("nsga2", 1) > 0.9 * all);
  CHECK(volume("nsga2", 8) > 0.85 * all);
  CHECK(volume("random", 1) < 0.1 * all);
}
