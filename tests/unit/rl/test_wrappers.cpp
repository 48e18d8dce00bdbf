// SPDX-License-Identifier: Apache-2.0
// Wrappers: Gymnasium's normalisation, episodes counted, actions repeated.
#include "catch.hpp"

#include <cmath>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/rl/vectorise.hpp>
#include <rankine/rl/wrappers.hpp>

using namespace rankine;
using namespace rankine::rl;

namespace {

/// Counts its steps; ends after seven.
struct Counter {
  static constexpr int kObservations = 1;
  static constexpr int kActions = 2;
  static constexpr int kStepsMax = 9;
  int steps = 0;
  void reset(Philox&) { steps = 0; }
  Outcome step(int action, Philox&) {
    ++steps;
    return {static_cast<double>(steps), action == 1 && steps == 7};
  }
  void observe(std::span<float> out) const { out[0] = static_cast<float>(steps); }
};

void step(VectorEnvironment& environment, std::int32_t action, const StepResult& out) {
  const std::vector<std::int32_t> actions(static_cast<std::size_t>(environment.count()), action);
  environment.step({.discrete = actions}, out);
}

}  // namespace

TEST_CASE("running moments are those of all that was seen") {
  RunningMoments moments(2);
  const std::vector<float> a = {1, 10, 3, 30}, b = {8, -10, 0, 0, 3, 5};
  moments.update(a);
  moments.update(b);
  CHECK(moments.mean[0] == Approx(3.0).epsilon(1e-4));  // 1 3 8 0 3
  CHECK(moments.variance[0] == Approx(7.6).epsilon(1e-4));
  CHECK(moments.mean[1] == Approx(7.0).epsilon(1e-4));  // 10 30 -10 0 5
  CHECK(moments.variance[1] == Approx(176.0).epsilon(1e-4));
  CHECK(moments.count == Approx(5.0001));
}

TEST_CASE("observations are normalised, also the last ones of episodes, and frozen moments stay") {
  NormalisedObservations environment(vectorise<Counter>({.count = 1}));
  StepBuffer buffer(1, 1);
  const StepResult out = buffer.view();
  environment.reset(1, out.observations);
  for (int t = 1; t <= 7; ++t) step(environment, 1, out);
  const RunningMoments& moments = environment.moments;
  CHECK(moments.count == Approx(8.0001));
  CHECK(moments.mean[0] == Approx(21.0 / 8).epsilon(1e-4));  // 0 .. 6, then 0 again
  const auto normal = [&](double x) { return (x - moments.mean[0]) / std::sqrt(moments.variance[0] + 1e-8); };
  CHECK(out.final_observations[0] == Approx(normal(7)));
  CHECK(out.observations[0] == Approx(normal(0)));
  std::vector<std::byte> saved;
  environment.save(saved);
  environment.frozen = true;
  const double mean = moments.mean[0];
  step(environment, 1, out);
  CHECK(moments.mean[0] == mean);
  CHECK(out.observations[0] == Approx(normal(1)));
  NormalisedObservations other(vectorise<Counter>({.count = 1}));
  std::span<const std::byte> left = saved;
  other.load(left);
  CHECK(left.empty());
  CHECK(other.moments.mean[0] == mean);
}

TEST_CASE("rewards are divided by the deviation of the discounted return") {
  NormalisedRewards environment(vectorise<Counter>({.count = 1}), 0.5);
  StepBuffer buffer(1, 1);
  environment.reset(1, buffer.view().observations);
  RunningMoments moments(1);
  double discounted = 0;
  for (int t = 1; t <= 7; ++t) {
    step(environment, 1, buffer.view());
    discounted = (t == 7 ? 0 : discounted * 0.5) + t;
    const float value[] = {static_cast<float>(discounted)};
    moments.update(value);
    CHECK(buffer.view().rewards[0] == Approx(t / std::sqrt(moments.variance[0] + 1e-8)));
  }
  CHECK_THROWS_AS(NormalisedRewards(vectorise<Counter>({}), 1.5), InputError);
}

TEST_CASE("episodes are counted, whether they end or are cut") {
  EpisodeRecorder environment(vectorise<Counter>({.count = 2}));
  StepBuffer buffer(2, 1);
  environment.reset(1, buffer.view().observations);
  for (int t = 1; t <= 9; ++t) {
    const std::int32_t actions[] = {1, 0};
    environment.step({.discrete = actions}, buffer.view());
  }
  const std::vector<EpisodeRecorder::Ended> ended = environment.take();
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].environment == 0);
  CHECK(ended[0].reward == 28);
  CHECK(ended[0].length == 7);
  CHECK(ended[1].environment == 1);
  CHECK(ended[1].length == 9);
  CHECK(buffer.view().truncated[1] == 1);
  CHECK(environment.take().empty());
}

TEST_CASE("a repeated action adds rewards and stops at the end") {
  auto environment = vectorise<Repeated<Counter, 4>>({.count = 1});
  CHECK(environment->spaces().steps_max == 3);
  StepBuffer buffer(1, 1);
  const StepResult out = buffer.view();
  environment->reset(1, out.observations);
  step(*environment, 1, out);
  CHECK(out.rewards[0] == 1 + 2 + 3 + 4);
  CHECK(out.observations[0] == 4);
  step(*environment, 1, out);
  CHECK(out.rewards[0] == 5 + 6 + 7);
  CHECK(out.terminated[0] == 1);
  CHECK(out.final_observations[0] == 7);
}
