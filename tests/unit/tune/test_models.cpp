// SPDX-License-Identifier: Apache-2.0
// The models inside of samplers, each against what is known: derivatives against differences, densities that
// integrate to 1, a quadrature for the expected improvement.
#include <cmath>
#include <numbers>
#include <vector>

#include <rankine/core/philox.hpp>
#include <rankine/tune/space.hpp>

#include "catch.hpp"
#include "tune/samplers/gp/acquisition.hpp"
#include "tune/samplers/gp/gaussian_process.hpp"
#include "tune/samplers/gp/gp_encoding.hpp"
#include "tune/samplers/gp/lbfgs.hpp"
#include "tune/samplers/parzen.hpp"

namespace tune = rankine::tune;

namespace {

struct Data {
  Eigen::MatrixXd points;
  Eigen::VectorXd values;
};

Data some_data(Eigen::Index n, Eigen::Index d) {
  rankine::Philox random(3, 1);
  Data data{Eigen::MatrixXd(n, d), Eigen::VectorXd(n)};
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index k = 0; k < d; ++k) data.points(i, k) = random.uniform();
    data.values[i] = std::sin(5 * data.points(i, 0)) + data.points(i, 1) * data.points(i, 1);
  }
  data.values.array() -= data.values.mean();
  return data;
}

}  // namespace

TEST_CASE("the gradient of the Gaussian process's objective is that of differences") {
  const Data data = some_data(25, 3);
  tune::GpParameters at(5);
  at << -0.5, 0.3, 1.1, 0.2, -4;
  Eigen::VectorXd gradient, unused;
  tune::gp_objective(data.points, data.values, at, gradient);
  for (Eigen::Index i = 0; i < at.size(); ++i) {
    tune::GpParameters up = at, down = at;
    up[i] += 1e-5;
    down[i] -= 1e-5;
    const double difference = (tune::gp_objective(data.points, data.values, up, unused) -
                               tune::gp_objective(data.points, data.values, down, unused)) /
                              2e-5;
    INFO("parameter " << i);
    CHECK(gradient[i] == Approx(difference).epsilon(1e-5));
  }
}

TEST_CASE(
    "a fitted process goes through its points, knows which dimensions matter, and is unsure elsewhere") {
  const Data data = some_data(40, 3);
  const auto parameters = tune::GaussianProcess::fit(data.points, data.values, tune::gp_prior(3), 100);
  const tune::GaussianProcess process(data.points, data.values, parameters);
  for (Eigen::Index i = 0; i < 40; ++i) {
    const auto at = process.predict(data.points.row(i).transpose());
    CHECK(at.mean == Approx(data.values[i]).margin(1e-2));
    CHECK(at.deviation < 0.05);
  }
  CHECK(parameters[2] > parameters[0] + 1);  // the third dimension does nothing
  CHECK(process.predict(Eigen::Vector3d(3, 3, 3)).deviation > 0.5);
  Eigen::MatrixXd pending(1, 3);
  pending << 3, 3, 3;
  const auto believing = process.believing(pending);
  CHECK(believing.predict(Eigen::Vector3d(3, 3, 3)).deviation < 0.05);
  CHECK(believing.predict(Eigen::Vector3d(3, 3, 3)).mean ==
        Approx(process.predict(Eigen::Vector3d(3, 3, 3)).mean).margin(1e-2));
}

TEST_CASE(
    "gradients of predictions and of the logarithm of the expected improvement are those of differences") {
  const Data data = some_data(20, 2);
  const tune::GaussianProcess process(data.points, data.values, tune::gp_prior(2));
  const Eigen::Vector2d at(0.31, 0.62);
  Eigen::VectorXd by_mean, by_deviation;
  const auto here = process.predict(at, by_mean, by_deviation);
  for (const double best : {here.mean + 1.0, here.mean - 0.1, here.mean - 30 * here.deviation}) {
    const auto improvement = tune::log_improvement(here.mean, here.deviation, best);
    for (Eigen::Index k = 0; k < 2; ++k) {
      Eigen::Vector2d up = at, down = at;
      up[k] += 1e-6;
      down[k] -= 1e-6;
      const auto above = process.predict(up), below = process.predict(down);
      CHECK(by_mean[k] == Approx((above.mean - below.mean) / 2e-6).epsilon(1e-4));
      CHECK(by_deviation[k] == Approx((above.deviation - below.deviation) / 2e-6).epsilon(1e-3));
      const double difference = (tune::log_improvement(above.mean, above.deviation, best).value -
                                 tune::log_improvement(below.mean, below.deviation, best).value) /
                                2e-6;
      const double analytic = improvement.by_mean * by_mean[k] + improvement.by_deviation * by_deviation[k];
      CHECK(analytic == Approx(difference).epsilon(1e-3));
    }
  }
}

TEST_CASE("the expected improvement is its integral, and goes on far out where that is 0") {
  for (const double best : {-2.0, 0.0, 1.5}) {
    double integral = 0;
    for (int i = 0; i < 200'000; ++i) {
      const double y = -10 + (i + 0.5) * 1e-4;
      if (y < best) integral += (best - y) * std::exp(-0.5 * y * y) / std::sqrt(2 * std::numbers::pi) * 1e-4;
    }
    CHECK(std::exp(tune::log_improvement(0, 1, best).value) == Approx(integral).epsilon(1e-6));
  }
  CHECK(tune::log_improvement(0, 1, -9.999).value ==
        Approx(tune::log_improvement(0, 1, -10.001).value).epsilon(1e-3));
  CHECK(tune::log_improvement(0, 1, -100).value ==
        Approx(-5000 - 0.5 * std::log(2 * std::numbers::pi) - 2 * std::log(100)).epsilon(1e-5));
}

TEST_CASE("limited-memory BFGS finds the minimum in a box, at its border too") {
  const tune::SmoothFunction valley = [](const Eigen::VectorXd& x, Eigen::VectorXd& g) {
    const double a = x[1] - x[0] * x[0], b = 1 - x[0];
    g[0] = -400 * a * x[0] - 2 * b;
    g[1] = 200 * a;
    return 100 * a * a + b * b;
  };
  const Eigen::Vector2d low(-2, -2), high(2, 2);
  CHECK(tune::minimise_in_box(valley, Eigen::Vector2d(-1.2, 1), low, high, 200).value < 1e-8);
  const auto cut = tune::minimise_in_box(valley, Eigen::Vector2d(-1.2, 1), low, Eigen::Vector2d(0.5, 2), 200);
  CHECK(cut.point[0] == Approx(0.5));
  CHECK(cut.point[1] == Approx(0.25).margin(1e-4));
}

TEST_CASE(
    "a Parzen estimator is a density: real dimensions and cells together have mass 1, draws follow it") {
  tune::Space space;
  space.add(tune::uniform("x", 0, 1))
      .add(tune::integer("n", 1, 4))
      .add(tune::categorical("c", {"a", "b", "c"}));
  const tune::ParzenSpace parzen_space(space);
  std::vector<std::vector<double>> places;
  for (const auto& values : {std::vector<double>{0.1, 1, 0}, {0.12, 2, 0}, {0.95, 4, 2}}) {
    places.push_back(parzen_space.place({values, -1}));
  }
  const tune::Parzen parzen(parzen_space, {&places[0], &places[1], &places[2]}, {1, 1, 1}, {});
  double mass = 0, left = 0;
  for (int i = 0; i < 1000; ++i) {
    for (double n = 0; n < 4; ++n) {
      for (double c = 0; c < 3; ++c) {
        const double density = std::exp(parzen.log_density({(i + 0.5) / 1000, n, c}));
        mass += density / 1000;
        if (i < 300) left += density / 1000;
      }
    }
  }
  CHECK(mass == Approx(1).epsilon(1e-4));
  rankine::Philox random(1, 1);
  int drawn_left = 0;
  for (int i = 0; i < 4000; ++i) drawn_left += parzen.draw(random)[0] < 0.3;
  CHECK(drawn_left / 4000.0 == Approx(left).margin(0.03));
}

TEST_CASE("losses are evened: order is kept, outliers are drawn in, what is not finite is the worst") {
  const Eigen::VectorXd even =
      tune::even_losses({1, 2, 3, 4, 1e6, std::nan(""), std::numeric_limits<double>::infinity()});
  for (Eigen::Index i = 0; i + 3 < even.size(); ++i) CHECK(even[i] < even[i + 1]);
  CHECK(even[5] == even[4]);
  CHECK(even[6] == even[4]);
  CHECK(even[4] - even[3] < 10 * (even[3] - even[0]));
  CHECK(std::fabs(even.mean()) < 1e-12);
}
