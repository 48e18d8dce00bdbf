// SPDX-License-Identifier: Apache-2.0
// The theta models against a transcription of the paper's equations, searched by brute force.
#include <cmath>
#include <numbers>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/forecast/model.hpp>

#include "catch.hpp"
#include "forecast/theta/theta_filter.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;

std::vector<double> trending(std::size_t n, std::uint64_t key) {
  rankine::Philox random(7, key);
  std::vector<double> y(n);
  double level = 100;
  for (double& value : y) {
    level += 0.8 + 2 * random.normal();
    value = level + 3 * random.normal();
  }
  return y;
}

/// One-step forecasts by the equations of Fiorucci et al. (2016), with the values themselves taken as known
/// one after the other; beyond the series forecasts take their place.
std::vector<double> by_the_paper(std::vector<double> y, ThetaForm form, double alpha, double theta,
                                 double level0, std::size_t horizon) {
  const std::size_t n = y.size();
  double mean = 0, moment = 0;
  for (std::size_t t = 1; t <= n; ++t) mean += y[t - 1] / static_cast<double>(n);
  for (std::size_t t = 1; t <= n; ++t) moment += static_cast<double>(t) * y[t - 1] / static_cast<double>(n);
  const auto size = static_cast<double>(n);
  double b = 6 * (2 * moment - (size + 1) * mean) / (size * size - 1);
  double a = mean - 0.5 * (size + 1) * b;
  if (form.dynamic) {
    mean = a = y[0];
    b = 0;
  }
  double level = level0;
  std::vector<double> mu;
  for (std::size_t i = 0; i < n + horizon; ++i) {
    const auto t = static_cast<double>(i + 1);
    mu.push_back(level + (1 - 1 / theta) *
                             (std::pow(1 - alpha, t - 1) * a + (1 - std::pow(1 - alpha, t)) / alpha * b));
    if (i >= n) y.push_back(mu[i]);
    level = alpha * y[i] + (1 - alpha) * level;
    if (!form.dynamic) continue;
    b = ((t - 2) * b + 6 / t * (y[i] - mean)) / (t + 1);
    mean = ((t - 1) * mean + y[i]) / t;
    a = mean - 0.5 * (t + 1) * b;
  }
  return mu;
}

double squares(const std::vector<double>& y, const std::vector<double>& mu, std::size_t first) {
  double sum = 0;
  for (std::size_t t = first; t < y.size(); ++t) sum += (y[t] - mu[t]) * (y[t] - mu[t]);
  return sum;
}

constexpr ThetaForm kForms[] = {{false, false}, {false, true}, {true, false}, {true, true}};

TEST_CASE("The fitted recursion and its forecasts are those of the paper") {
  for (const ThetaForm form : kForms) {
    const auto y = trending(40, 1);
    const ThetaFit fit = fit_theta(y, form);
    const auto mu = by_the_paper(y, form, fit.alpha, 1 / (1 - fit.weight), fit.level0, 8);
    CHECK(fit.sse == Approx(squares(y, mu, form.dynamic ? 3 : 0)).epsilon(1e-9));
    const auto means = theta_means(fit, 8);
    for (std::size_t k = 0; k < 8; ++k) CHECK(means[k] == Approx(mu[40 + k]).epsilon(1e-10));
    if (!form.optimised) CHECK(fit.weight == 0.5);
  }
}

TEST_CASE("No grid of parameters does better than the search") {
  for (const ThetaForm form : kForms) {
    for (std::uint64_t key = 0; key < 4; ++key) {
      const auto y = trending(25, key);
      const ThetaFit fit = fit_theta(y, form);
      CHECK(fit.evaluations < 70);
      for (double alpha = 0.1; alpha < 0.99; alpha += 0.0445) {
        for (const double theta : {1.0, 1.25, 2.0, 4.0, 50.0}) {
          if (!form.optimised && theta != 2.0) continue;
          for (double level0 = -20; level0 <= 120; level0 += 10) {
            const auto mu = by_the_paper(y, form, alpha, theta, level0, 0);
            CHECK(fit.sse <= squares(y, mu, form.dynamic ? 3 : 0) * (1 + 1e-6));
          }
        }
      }
    }
  }
}

TEST_CASE("The variances are what lone errors do to later forecasts") {
  for (const ThetaForm form : kForms) {
    const auto y = trending(20, 3);
    const ThetaFit fit = fit_theta(y, form);
    const auto variances = theta_variances(fit, 5);
    const double theta = 1 / (1 - fit.weight);
    // An error of 1 in the first forecast value, seen as one more value of a series, moves the later ones.
    double last = 1;
    for (std::size_t ahead = 1; ahead <= 4; ++ahead) {
      auto plain = y;
      if (!form.dynamic) break;  // its line would be drawn anew through the longer series
      const auto before = by_the_paper(plain, form, fit.alpha, theta, fit.level0, 5);
      plain.push_back(before[20] + 1);
      const auto after = by_the_paper(plain, form, fit.alpha, theta, fit.level0, 4);
      const double response = after[20 + ahead] - before[20 + ahead];
      last += response * response;
      if (ahead == 1) CHECK(variances[1] == Approx(1 + response * response));
    }
    CHECK(variances[0] == 1);
    CHECK(variances[4] > variances[3]);
    if (!form.dynamic) CHECK(variances[4] == Approx(1 + 4 * fit.alpha * fit.alpha));
    if (form.dynamic) CHECK(variances[4] == Approx(last).epsilon(0.1));
  }
}

TEST_CASE("A seasonal series is adjusted and its season put back, at any size") {
  const auto model = make_model("dynamicoptimisedtheta");
  CHECK(model->name() == "DynamicOptimisedTheta");
  std::vector<double> y(48);
  for (std::size_t t = 0; t < y.size(); ++t)
    y[t] = 200 + std::sin(0.7 * static_cast<double>(t)) + 50 * (t % 4 == 2 ? 1.0 : -0.3);
  const double levels[] = {80, 95};
  const Request request{.horizon = 8, .levels = levels};
  const auto forecast = [&](double scale) {
    auto scaled = y;
    for (double& value : scaled) value *= scale;
    const Fit fit = fit_one(*model, {.values = scaled, .season = 4});
    REQUIRE(fit.failure.empty());
    REQUIRE(fit.parameters.size() == model->parameter_names(fit.form).size());
    return model->predict(fit, request);
  };
  const Prediction plain = forecast(1);
  REQUIRE(plain.mean.size() == 8);
  REQUIRE(plain.lower.size() == 16);
  CHECK(plain.mean[2] == Approx(250).margin(4));
  CHECK(plain.mean[3] == Approx(185).margin(4));
  CHECK(plain.lower[8] < plain.lower[0]);
  CHECK(plain.upper[8] - plain.mean[0] == Approx(plain.mean[0] - plain.lower[8]));
  for (const double scale : {std::ldexp(1.0, 990), std::ldexp(1.0, -990)}) {
    const Prediction scaled = forecast(scale);
    REQUIRE(scaled.failure.empty());
    for (std::size_t k = 0; k < 8; ++k) CHECK(scaled.mean[k] == Approx(plain.mean[k] * scale).epsilon(1e-9));
  }
}

TEST_CASE("What is no series for theta is refused with a sentence") {
  const auto model = make_model("OptimisedTheta");
  const std::vector<double> few{1, 2, 3};
  CHECK(contains(fit_one(*model, {.values = few}).failure, "OptimisedTheta needs 4"));
  const std::vector<double> constant(30, 7.5);
  const Fit fit = fit_one(*model, {.values = constant, .season = 12});
  REQUIRE(fit.failure.empty());
  for (const double mean : model->predict(fit, {.horizon = 5}).mean) CHECK(mean == Approx(7.5));
  CHECK_FALSE(model->predict(fit, {.horizon = 0}).failure.empty());
  const std::string thrown_text = thrown<rankine::InputError>([] { make_model("DynamicTheta(2)"); });
  CHECK(contains(thrown_text, "DynamicTheta takes no arguments"));
}

}  // namespace
