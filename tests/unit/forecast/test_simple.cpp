// SPDX-License-Identifier: Apache-2.0
// Averages, models of intermittent demand and regression on series small enough to work out by hand.
#include <cmath>
#include <numbers>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/forecast/model.hpp>

#include "catch.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;
using Values = std::vector<double>;

Prediction forecast(const char* name, const Values& y, int horizon, int season = 1) {
  const auto model = make_model(name);
  const Fit fit = fit_one(*model, {.values = y, .season = season});
  if (!fit.failure.empty()) return {fit.failure, {}, {}, {}};
  CHECK(fit.parameters.size() >= model->parameter_names(fit.form).size());
  const double levels[] = {95};
  return model->predict(fit, {.horizon = horizon, .levels = levels});
}

TEST_CASE("Averages over all, the last, and the last cycles") {
  const Values y{1, 2, 3, 4, 5, 9, 11};
  CHECK(forecast("HistoricAverage", y, 2).mean[1] == Approx(5));
  CHECK(forecast("WindowAverage(3)", y, 1).mean[0] == Approx(25.0 / 3));
  CHECK(contains(forecast("WindowAverage(8)", y, 1).failure, "needs 8"));
  // Cycles of two from the end: (4, 5), (9, 11).
  CHECK(forecast("SeasonalWindowAverage(2)", y, 3, 2).mean == Values{6.5, 8, 6.5});
  // Positions: 2, 4, 9 and 1, 3, 5, 11.
  CHECK(forecast("SeasonalExponentialSmoothing(0.5)", y, 3, 2).mean == Values{6, 7.25, 6});
}

TEST_CASE("The intervals of the historic average are those of a normal sample") {
  const Values y{1, 3, 5, 7};
  const Prediction p = forecast("HistoricAverage", y, 1);
  const double deviation = std::sqrt((9 + 1 + 1 + 9) / 3.0 * (1 + 1.0 / 4));
  CHECK(p.upper[0] - 4 == Approx(1.959963984540054 * deviation));
  CHECK(4 - p.lower[0] == Approx(1.959963984540054 * deviation));
}

TEST_CASE("Croston, SBA and TSB smooth sizes and gaps as their papers say") {
  const Values y{0, 2, 0, 0, 6, 4, 0};
  // Sizes 2, 6, 4; gaps 2, 3, 1.
  const double size = (2 + 0.1 * 4) + 0.1 * (4 - 2.4);
  const double gap = (2 + 0.1 * 1) + 0.1 * (1 - 2.1);
  CHECK(forecast("Croston", y, 2).mean == Values(2, size / gap));
  CHECK(forecast("SBA", y, 1).mean[0] == Approx(0.95 * size / gap));
  double probability = 0;
  for (const double happened : {1, 0, 0, 1, 1, 0}) probability += 0.3 * (happened - probability);
  const double sizes = (2 + 0.2 * 4) + 0.2 * (4 - 2.8);
  CHECK(forecast("TSB(0.2,0.3)", y, 1).mean[0] == Approx(sizes * probability));
}

TEST_CASE("CrostonOptimised does no worse than any weights within its bounds") {
  rankine::Philox random(1, 1);
  Values y(120);
  for (double& value : y) value = random.uniform() < 0.3 ? 1 + std::floor(5 * random.uniform()) : 0;
  const auto model = make_model("CrostonOptimised");
  const Fit fit = fit_one(*model, {.values = y});
  Values sizes;
  for (const double value : y)
    if (value > 0) sizes.push_back(value);
  const auto loss = [&](double alpha) {
    double level = sizes[0], sse = 0;
    for (const double value : sizes) {
      sse += (value - level) * (value - level);
      level += alpha * (value - level);
    }
    return sse;
  };
  CHECK(fit.parameters[0] >= 0.1);
  CHECK(fit.parameters[0] <= 0.3);
  for (double alpha = 0.1; alpha <= 0.3; alpha += 0.01)
    CHECK(loss(fit.parameters[0]) <= loss(alpha) * (1 + 1e-9));
}

TEST_CASE("ADIDA and IMAPA forecast sums over the mean gap") {
  // Gaps 2, 2, 2: sums over two steps are 2, 6, 4.
  const Values y{0, 2, 0, 6, 0, 4};
  const auto fit = fit_one(*make_model("ADIDA"), {.values = y});
  CHECK(fit.parameters[0] == 2);
  // The errors 4 - and then 4 - (2 + 4 a) - are least for the largest weight, 0.3... the second is
  // (2 - 4 a)^2, least at 0.5, beyond the bound.
  const double sums = (2 + 0.3 * 4) + 0.3 * (4 - 3.2);
  CHECK(forecast("ADIDA", y, 1).mean[0] == Approx(sums / 2));
  CHECK(fit_one(*make_model("IMAPA"), {.values = y}).parameters[0] == 2);
  const Values dense{3, 3, 3, 3};
  CHECK(forecast("IMAPA", dense, 1).mean[0] == Approx(3));
}

TEST_CASE("No demand is forecast as none, negative demand is refused") {
  for (const char* name : {"Croston", "CrostonOptimised", "SBA", "TSB(0.1,0.1)", "ADIDA", "IMAPA"}) {
    CHECK(forecast(name, Values(9, 0.0), 2).mean == Values{0, 0});
    CHECK(contains(forecast(name, Values{1, -1, 2}, 2).failure, "negative"));
  }
}

TEST_CASE("Regression finds an exact recursion with calendar, trend and known columns") {
  Values y, known;
  rankine::Philox random(9, 9);
  for (std::size_t t = 0; t < 66; ++t) {
    known.push_back(random.normal());
    const auto time = static_cast<double>(t);
    const double turn = 2 * std::numbers::pi * time / 12;
    y.push_back(3 + 0.2 * time + 2 * std::cos(turn) - std::sin(2 * turn) + 4 * known[t] +
                (t > 0 ? 0.5 * y[t - 1] : 0));
  }
  const auto model = make_model("Regression(fourier=2,lag=1,trend)");
  const std::span<const double> all(y), columns(known);
  const Fit fit =
      fit_one(*model, {.values = all.first(60), .season = 12, .exogenous = columns.first(60), .columns = 1});
  REQUIRE(fit.failure.empty());
  const Prediction p = model->predict(fit, {.horizon = 6, .exogenous = columns.last(6)});
  for (std::size_t k = 0; k < 6; ++k) CHECK(p.mean[k] == Approx(y[60 + k]));
  CHECK(contains(model->predict(fit, {.horizon = 6}).failure, "exogenous"));
}

TEST_CASE("Intervals of a regression on the last value grow as those of AR(1)") {
  rankine::Philox random(2, 2);
  Values y{0};
  while (y.size() < 400) y.push_back(0.6 * y.back() + random.normal());
  const auto model = make_model("Regression(lag=1)");
  const Fit fit = fit_one(*model, {.values = y});
  const double a = fit.parameters[1];
  CHECK(a == Approx(0.6).margin(0.12));
  const double levels[] = {80};
  const Prediction p = model->predict(fit, {.horizon = 3, .levels = levels});
  const double one = p.upper[0] - p.mean[0];
  CHECK(p.upper[2] - p.mean[2] == Approx(one * std::sqrt(1 + a * a + a * a * a * a)));
  CHECK(one == Approx(1.2815515655446004 * std::sqrt(fit.sigma2)));
  CHECK(std::isfinite(fit.aicc));
}

TEST_CASE("Dummies give each position of the cycle its mean, ridge draws coefficients together") {
  Values y;
  for (std::size_t t = 0; t < 40; ++t) y.push_back(t % 4 == 1 ? 10.0 : t % 4 == 2 ? -2 : 4);
  const Prediction p = forecast("Regression(dummies)", y, 5, 4);
  const double expected[] = {4, 10, -2, 4, 4};
  for (std::size_t k = 0; k < 5; ++k) CHECK(p.mean[k] == Approx(expected[k]).margin(1e-9));
  const Prediction firm = forecast("Regression(dummies,ridge=1e9)", y, 5, 4);
  for (std::size_t k = 0; k < 5; ++k) CHECK(firm.mean[k] == Approx(4).margin(1e-3));
  CHECK(contains(thrown<rankine::InputError>([] { make_model("Regression(lags=3)"); }), "\"lags=3\""));
}

}  // namespace
