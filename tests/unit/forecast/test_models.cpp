// SPDX-License-Identifier: Apache-2.0
// The eight methods on series whose forecasts are known, and every way in which a series can be bad.
#include <cmath>
#include <limits>
#include <numeric>

#include <rankine/core/error.hpp>
#include <rankine/forecast/models.hpp>

#include "catch.hpp"
#include "helpers.hpp"

namespace {

using namespace rankine::forecast;
const double kNan = std::numeric_limits<double>::quiet_NaN();

Series make_series(std::vector<double> train, int season, int horizon) {
  return {"x", "All", season, horizon, std::move(train), {}, ""};
}

ModelFit fit_one(const Series& series, ModelId model) {
  const ModelId models[] = {model};
  return fit_series(series, models).fits.at(0);
}

/// 100 times a quarterly pattern, five years.
Series quarterly() {
  const double pattern[] = {0.7, 1.2, 1.4, 0.7};
  std::vector<double> train;
  for (int t = 0; t < 20; ++t) train.push_back(100 * pattern[t % 4]);
  return make_series(train, 4, 6);
}

TEST_CASE("Names are read in any case, unknown and repeated ones are refused") {
  CHECK(parse_models("naive, SES,THETA") ==
        std::vector<ModelId>{ModelId::kNaive, ModelId::kSes, ModelId::kTheta});
  CHECK(parse_models("all").size() == 8);
  const std::string unknown = thrown<rankine::InputError>([] { parse_models("ses,arima"); });
  CHECK(contains(unknown, "\"arima\""));
  CHECK(contains(unknown, "Damped"));
  CHECK(contains(thrown<rankine::InputError>([] { parse_models("ses,SES"); }), "named twice"));
  CHECK_THROWS_AS(parse_models(""), rankine::InputError);
}

TEST_CASE(
    "Naive repeats the last value, sNaive the last cycle, Naive2 the last adjusted value with its season") {
  const Series series = quarterly();
  CHECK(fit_one(series, ModelId::kNaive).forecast == std::vector<double>(6, series.train.back()));
  CHECK(fit_one(series, ModelId::kSnaive).forecast ==
        std::vector<double>{series.train[16], series.train[17], series.train[18], series.train[19],
                            series.train[16], series.train[17]});
  const auto naive2 = fit_one(series, ModelId::kNaive2).forecast;
  for (std::size_t k = 0; k < 6; ++k) CHECK(naive2[k] == Approx(series.train[16 + k % 4]).epsilon(1e-9));
}

TEST_CASE("Every method continues an exact seasonal pattern") {
  const Series series = quarterly();
  const ForecastSet set = fit_series(series, all_models());
  CHECK(set.adjustment == Adjustment::kMultiplicative);
  for (const ModelFit& fit : set.fits) {
    if (fit.model == ModelId::kNaive) continue;
    INFO(name(fit.model));
    REQUIRE(fit.failure.empty());
    for (std::size_t k = 0; k < 6; ++k)
      CHECK(fit.forecast[k] == Approx(series.train[16 + k % 4]).epsilon(1e-6));
  }
}

TEST_CASE("Without season sNaive and Naive2 are Naive") {
  const Series series = make_series({3, 1, 4, 1, 5, 9, 2, 6}, 1, 3);
  const auto naive = fit_one(series, ModelId::kNaive).forecast;
  CHECK(fit_one(series, ModelId::kSnaive).forecast == naive);
  CHECK(fit_one(series, ModelId::kNaive2).forecast == naive);
}

TEST_CASE("Theta is half the line and half the SES of twice the distance from it") {
  const Series series = make_series({12, 15, 13, 18, 17, 21, 20, 24, 22, 27}, 1, 2);
  const auto theta = fit_one(series, ModelId::kTheta);
  // OLS of these values on 0..9: slope 124.5 / 82.5, mean 18.9.
  const double slope = 124.5 / 82.5;
  CHECK(theta.parameters.trend0 == Approx(slope).epsilon(1e-12));
  std::vector<double> curved;
  for (std::size_t t = 0; t < 10; ++t) {
    curved.push_back(2 * series.train[t] - (18.9 + slope * (static_cast<double>(t) - 4.5)));
  }
  const auto ses = fit_one(make_series(curved, 1, 2), ModelId::kSes).forecast;
  CHECK(theta.forecast[0] == Approx(0.5 * (18.9 + slope * 5.5) + 0.5 * ses[0]).epsilon(1e-9));
  CHECK(theta.forecast[1] - theta.forecast[0] == Approx(slope / 2).epsilon(1e-9));
}

TEST_CASE("Comb is the mean of SES, Holt and Damped, alone or among others") {
  const Series series = make_series({12, 15, 13, 18, 17, 21, 20, 24, 22, 27}, 1, 3);
  const ForecastSet set = fit_series(series, all_models());
  const auto of = [&](ModelId model) { return set.fits[static_cast<std::size_t>(model)].forecast; };
  const auto alone = fit_one(series, ModelId::kComb);
  for (std::size_t k = 0; k < 3; ++k) {
    const double mean = (of(ModelId::kSes)[k] + of(ModelId::kHolt)[k] + of(ModelId::kDamped)[k]) / 3;
    CHECK(of(ModelId::kComb)[k] == Approx(mean).epsilon(1e-12));
    CHECK(alone.forecast[k] == of(ModelId::kComb)[k]);
  }
  CHECK(std::isnan(alone.parameters.alpha));
}

TEST_CASE("Damped flattens, Holt goes on in a line, parameters are there or NaN") {
  std::vector<double> train;
  for (int t = 0; t < 30; ++t) train.push_back(100 + 4.0 * t + (t % 3));
  const Series series = make_series(train, 1, 5);
  const auto holt = fit_one(series, ModelId::kHolt);
  CHECK(holt.forecast[4] - holt.forecast[3] == Approx(holt.forecast[1] - holt.forecast[0]).epsilon(1e-9));
  const auto damped = fit_one(series, ModelId::kDamped);
  const double ratio = (damped.forecast[2] - damped.forecast[1]) / (damped.forecast[1] - damped.forecast[0]);
  CHECK(ratio == Approx(damped.parameters.phi).epsilon(1e-6));
  CHECK(std::isnan(holt.parameters.phi));
  CHECK(std::isnan(fit_one(series, ModelId::kNaive).parameters.alpha));
}

TEST_CASE("Values at or below zero are adjusted by addition") {
  const double pattern[] = {-3, 2, 4, -3};
  std::vector<double> train;
  for (int t = 0; t < 24; ++t) train.push_back(pattern[t % 4]);
  const Series series = make_series(train, 4, 4);
  const ForecastSet set = fit_series(series, all_models());
  CHECK(set.adjustment == Adjustment::kAdditive);
  for (const ModelFit& fit : set.fits) {
    INFO(name(fit.model));
    REQUIRE(fit.failure.empty());
    if (fit.model == ModelId::kNaive) continue;
    for (std::size_t k = 0; k < 4; ++k) CHECK(fit.forecast[k] == Approx(pattern[k]).margin(1e-6));
  }
}

TEST_CASE("Theta does not go below zero unless the series does") {
  std::vector<double> falling;
  for (int t = 0; t < 12; ++t) falling.push_back(12 - t);
  CHECK(fit_one(make_series(falling, 1, 40), ModelId::kTheta).forecast.back() == 0);
  for (double& y : falling) y -= 6;
  CHECK(fit_one(make_series(falling, 1, 40), ModelId::kTheta).forecast.back() < 0);
}

TEST_CASE("A constant series is forecast by its constant") {
  const Series series = make_series(std::vector<double>(40, 7.5), 12, 3);
  for (const ModelFit& fit : fit_series(series, all_models()).fits) {
    INFO(name(fit.model));
    REQUIRE(fit.failure.empty());
    for (const double f : fit.forecast) CHECK(f == Approx(7.5).epsilon(1e-12));
  }
}

TEST_CASE("A value that is not finite fails all models and is named") {
  Series series = make_series({1, 2, kNan, 4, 5, 6, 7, 8}, 1, 2);
  for (const ModelFit& fit : fit_series(series, all_models()).fits) {
    CHECK(fit.failure == "training value 3 of 8 is nan");
    CHECK(fit.forecast.empty());
  }
}

TEST_CASE("Too few values fail the models that need more, and only those") {
  const ForecastSet set = fit_series(make_series({5, 6, 7, 8}, 1, 2), all_models());
  for (const ModelFit& fit : set.fits) {
    const bool needs_more =
        fit.model == ModelId::kHolt || fit.model == ModelId::kDamped || fit.model == ModelId::kComb;
    INFO(name(fit.model));
    CHECK(fit.failure.empty() != needs_more);
  }
  CHECK(set.fits[static_cast<std::size_t>(ModelId::kHolt)].failure == "has 4 training values, Holt needs 5");
  CHECK(fit_one(make_series({1, 2, 3}, 4, 2), ModelId::kSnaive).failure ==
        "has 3 training values, sNaive needs 4");
  CHECK(fit_one(make_series({}, 1, 2), ModelId::kNaive).failure == "has 0 training values, Naive needs 1");
}

TEST_CASE("A defect found by the reader is the reason of every failure") {
  Series series = quarterly();
  series.defect = "has a gap";
  for (const ModelFit& fit : fit_series(series, all_models()).fits) CHECK(fit.failure == "has a gap");
}

TEST_CASE("Values beyond what squares can hold fail with a sentence instead of NaN forecasts") {
  const auto fit = fit_one(make_series({1e300, -1e300, 1e300, 5e299, 1e300, -1e300}, 1, 2), ModelId::kSes);
  CHECK((fit.failure.empty() || fit.failure.find("not finite") != std::string::npos));
  for (const double f : fit.forecast) CHECK(std::isfinite(f));
}

TEST_CASE("A horizon or season below 1 is a failure") {
  CHECK(fit_one(make_series({1, 2, 3}, 1, 0), ModelId::kNaive).failure.find("horizon") != std::string::npos);
  CHECK(fit_one(make_series({1, 2, 3}, 0, 1), ModelId::kNaive).failure.find("season") != std::string::npos);
}

}  // namespace
