// SPDX-License-Identifier: Apache-2.0
// The eight methods on series whose forecasts are known, and every way in which a series can be bad.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <rankine/core/error.hpp>
#include <rankine/forecast/chunk.hpp>

#include "catch.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;
const double kNan = std::numeric_limits<double>::quiet_NaN();

Series make_series(std::vector<double> train, int season, int horizon) {
  return {"x", "All", season, horizon, std::move(train), {}, ""};
}

struct Forecast {
  Fit fit;
  std::string failure;
  std::vector<double> forecast;

  double parameter(const char* name) const {
    const auto names = make_model(model)->parameter_names(fit.form);
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? kNan : fit.parameters.at(static_cast<std::size_t>(found - names.begin()));
  }
  std::string model;
};

/// Of the eight, or some of them, fitted together.
std::vector<Forecast> forecasts(const Series& series, const std::string& models = "benchmarks") {
  ChunkRequest request;
  request.options.models = models;
  request.range.given = {series};
  const ChunkResult result = fit_chunk(request);
  const auto list = make_models(models);
  const std::vector<Fit> fits = fit_all(list, request.range.given);
  std::vector<Forecast> all;
  const auto h = static_cast<std::size_t>(std::max(series.horizon, 0));
  for (std::size_t m = 0; m < list.size(); ++m) {
    Forecast& one = all.emplace_back();
    one.model = list[m]->name();
    one.fit = fits[m];
    for (const Failure& failure : result.failures) {
      if (failure.model == static_cast<std::int32_t>(m)) one.failure = failure.reason;
    }
    const auto from = result.forecasts.begin() + static_cast<std::ptrdiff_t>(m * h);
    if (one.failure.empty()) one.forecast.assign(from, from + static_cast<std::ptrdiff_t>(h));
  }
  return all;
}

Forecast forecast(const Series& series, const std::string& model) {
  return forecasts(series, model).at(0);
}

/// 100 times a quarterly pattern, five years.
Series quarterly() {
  const double pattern[] = {0.7, 1.2, 1.4, 0.7};
  std::vector<double> train;
  for (int t = 0; t < 20; ++t) train.push_back(100 * pattern[t % 4]);
  return make_series(train, 4, 6);
}

TEST_CASE("Names are read in any case, unknown and repeated ones are refused") {
  const auto models = make_models("naive, SES,THETA");
  REQUIRE(models.size() == 3);
  CHECK(models[2]->name() == "Theta");
  CHECK(make_models("benchmarks").size() == 8);
  CHECK(make_models("all").size() == 8);
  const std::string unknown = thrown<rankine::InputError>([] { make_models("ses,wrong"); });
  CHECK(contains(unknown, "\"wrong\""));
  CHECK(contains(unknown, "Damped"));
  CHECK(contains(thrown<rankine::InputError>([] { make_models("ses,SES"); }), "named twice"));
  CHECK(contains(thrown<rankine::InputError>([] { make_models("SES(3)"); }), "SES takes no arguments"));
  CHECK_THROWS_AS(make_models(""), rankine::InputError);
  CHECK_FALSE(known_models().empty());
}

TEST_CASE(
    "Naive repeats the last value, sNaive the last cycle, Naive2 the last adjusted value with its season") {
  const Series series = quarterly();
  CHECK(forecast(series, "Naive").forecast == std::vector<double>(6, series.train.back()));
  CHECK(forecast(series, "sNaive").forecast == std::vector<double>{series.train[16], series.train[17],
                                                                   series.train[18], series.train[19],
                                                                   series.train[16], series.train[17]});
  const auto naive2 = forecast(series, "Naive2").forecast;
  for (std::size_t k = 0; k < 6; ++k) CHECK(naive2[k] == Approx(series.train[16 + k % 4]).epsilon(1e-9));
}

TEST_CASE("Every method continues an exact seasonal pattern") {
  const Series series = quarterly();
  const auto set = forecasts(series);
  CHECK(set[3].fit.form == "SES*season");
  for (const Forecast& fit : set) {
    if (fit.model == "Naive") continue;
    INFO(fit.model);
    REQUIRE(fit.failure.empty());
    for (std::size_t k = 0; k < 6; ++k)
      CHECK(fit.forecast[k] == Approx(series.train[16 + k % 4]).epsilon(1e-6));
  }
}

TEST_CASE("Without season sNaive and Naive2 are Naive") {
  const Series series = make_series({3, 1, 4, 1, 5, 9, 2, 6}, 1, 3);
  const auto naive = forecast(series, "Naive").forecast;
  CHECK(forecast(series, "sNaive").forecast == naive);
  CHECK(forecast(series, "Naive2").forecast == naive);
}

TEST_CASE("Theta is half the line and half the SES of twice the distance from it") {
  const Series series = make_series({12, 15, 13, 18, 17, 21, 20, 24, 22, 27}, 1, 2);
  const auto theta = forecast(series, "Theta");
  // OLS of these values on 0..9: slope 124.5 / 82.5, mean 18.9.
  const double slope = 124.5 / 82.5;
  CHECK(theta.parameter("trend0") == Approx(slope).epsilon(1e-12));
  std::vector<double> curved;
  for (std::size_t t = 0; t < 10; ++t) {
    curved.push_back(2 * series.train[t] - (18.9 + slope * (static_cast<double>(t) - 4.5)));
  }
  const auto ses = forecast(make_series(curved, 1, 2), "SES").forecast;
  CHECK(theta.forecast[0] == Approx(0.5 * (18.9 + slope * 5.5) + 0.5 * ses[0]).epsilon(1e-9));
  CHECK(theta.forecast[1] - theta.forecast[0] == Approx(slope / 2).epsilon(1e-9));
}

TEST_CASE("Comb is the mean of SES, Holt and Damped, alone or among others") {
  const Series series = make_series({12, 15, 13, 18, 17, 21, 20, 24, 22, 27}, 1, 3);
  const auto set = forecasts(series);
  const auto of = [&](std::size_t model) { return set[model].forecast; };
  const auto alone = forecast(series, "Comb");
  for (std::size_t k = 0; k < 3; ++k) {
    const double mean = (of(3)[k] + of(4)[k] + of(5)[k]) / 3;
    CHECK(of(7)[k] == Approx(mean).epsilon(1e-12));
    CHECK(alone.forecast[k] == of(7)[k]);
  }
  CHECK(std::isnan(alone.parameter("alpha")));
}

TEST_CASE("Damped flattens, Holt goes on in a line, parameters are there or NaN") {
  std::vector<double> train;
  for (int t = 0; t < 30; ++t) train.push_back(100 + 4.0 * t + (t % 3));
  const Series series = make_series(train, 1, 5);
  const auto holt = forecast(series, "Holt");
  CHECK(holt.forecast[4] - holt.forecast[3] == Approx(holt.forecast[1] - holt.forecast[0]).epsilon(1e-9));
  const auto damped = forecast(series, "Damped");
  const double ratio = (damped.forecast[2] - damped.forecast[1]) / (damped.forecast[1] - damped.forecast[0]);
  CHECK(ratio == Approx(damped.parameter("phi")).epsilon(1e-6));
  CHECK(std::isnan(holt.parameter("phi")));
  CHECK(std::isnan(forecast(series, "Naive").parameter("alpha")));
}

TEST_CASE("Values at or below zero are adjusted by addition") {
  const double pattern[] = {-3, 2, 4, -3};
  std::vector<double> train;
  for (int t = 0; t < 24; ++t) train.push_back(pattern[t % 4]);
  const Series series = make_series(train, 4, 4);
  const auto set = forecasts(series);
  CHECK(set[3].fit.form == "SES+season");
  for (const Forecast& fit : set) {
    INFO(fit.model);
    REQUIRE(fit.failure.empty());
    if (fit.model == "Naive") continue;
    for (std::size_t k = 0; k < 4; ++k) CHECK(fit.forecast[k] == Approx(pattern[k]).margin(1e-6));
  }
}

TEST_CASE("Theta does not go below zero unless the series does") {
  std::vector<double> falling;
  for (int t = 0; t < 12; ++t) falling.push_back(12 - t);
  CHECK(forecast(make_series(falling, 1, 40), "Theta").forecast.back() == 0);
  for (double& y : falling) y -= 6;
  CHECK(forecast(make_series(falling, 1, 40), "Theta").forecast.back() < 0);
}

TEST_CASE("A constant series is forecast by its constant") {
  const Series series = make_series(std::vector<double>(40, 7.5), 12, 3);
  for (const Forecast& fit : forecasts(series)) {
    INFO(fit.model);
    REQUIRE(fit.failure.empty());
    for (const double f : fit.forecast) CHECK(f == Approx(7.5).epsilon(1e-12));
  }
}

TEST_CASE("A value that is not finite fails all models and is named") {
  Series series = make_series({1, 2, kNan, 4, 5, 6, 7, 8}, 1, 2);
  for (const Forecast& fit : forecasts(series)) {
    CHECK(fit.failure == "training value 3 of 8 is nan");
    CHECK(fit.forecast.empty());
  }
}

TEST_CASE("A value whose square overflows fails all models and is named") {
  for (const bool held_out : {false, true}) {
    Series series = make_series({1, 2, 3, 4, 5, 6, 7, 8}, 1, 2);
    series.test = {9, 10};
    (held_out ? series.test : series.train)[1] = -1e200;
    for (const Forecast& fit : forecasts(series))
      CHECK(fit.failure == "has the value -1e+200, whose square overflows; scale the series");
  }
}

TEST_CASE("Too few values fail the models that need more, and only those") {
  const auto set = forecasts(make_series({5, 6, 7, 8}, 1, 2));
  for (const Forecast& fit : set) {
    const bool needs_more = fit.model == "Holt" || fit.model == "Damped" || fit.model == "Comb";
    INFO(fit.model);
    CHECK(fit.failure.empty() != needs_more);
  }
  CHECK(set[4].failure == "has 4 training values, Holt needs 5");
  CHECK(forecast(make_series({1, 2, 3}, 4, 2), "sNaive").failure == "has 3 training values, sNaive needs 4");
  CHECK(forecast(make_series({}, 1, 2), "Naive").failure == "has 0 training values, Naive needs 1");
}

TEST_CASE("A defect found by the reader is the reason of every failure") {
  Series series = quarterly();
  series.defect = "has a gap";
  for (const Forecast& fit : forecasts(series)) CHECK(fit.failure == "has a gap");
}

TEST_CASE("A horizon or season below 1 is a failure") {
  CHECK(forecast(make_series({1, 2, 3}, 1, 0), "Naive").failure.find("horizon") != std::string::npos);
  CHECK(forecast(make_series({1, 2, 3}, 0, 1), "Naive").failure.find("season") != std::string::npos);
}

}  // namespace
