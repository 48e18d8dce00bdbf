// SPDX-License-Identifier: Apache-2.0
// Models made of models: what they say follows from what their members say, and from nothing else.
#include <cmath>
#include <limits>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/forecast/model.hpp>

#include "catch.hpp"
#include "forecast/mstl/mstl.hpp"
#include "forecast/nested.hpp"
#include "forecast/rolling.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;

std::vector<double> two_seasons(std::size_t n, double noise) {
  rankine::Philox random(5, 1);
  std::vector<double> y(n);
  for (std::size_t t = 0; t < n; ++t)
    y[t] = 50 + 0.1 * static_cast<double>(t) + (t % 4 == 0 ? 9 : -3) + (t % 14 < 7 ? 5 : -5) +
           noise * random.normal();
  return y;
}

std::vector<double> means(const char* model, std::span<const double> y, int horizon, int season = 1) {
  const auto made = make_model(model);
  const Fit fit = fit_one(*made, {.values = y, .season = season});
  REQUIRE(fit.failure.empty());
  return made->predict(fit, {.horizon = horizon}).mean;
}

TEST_CASE("A fit inside a state comes out as it went in") {
  Fit fit;
  fit.form = "ETS(A,Ad,N)";
  fit.parameters = {0.5, std::numeric_limits<double>::infinity()};
  fit.state = {1, 2, 3};
  fit.loglik = -12.5;
  fit.aicc = 31;
  fit.sigma2 = 4;
  fit.evaluations = 77;
  std::vector<double> state{42};
  save_fit(fit, state);
  save_fit({}, state);
  state.push_back(43);
  std::span<const double> rest = std::span<const double>(state).subspan(1);
  const Fit out = load_fit(rest);
  CHECK(out.form == fit.form);
  CHECK(out.parameters == fit.parameters);
  CHECK(out.state == fit.state);
  CHECK(out.loglik == fit.loglik);
  CHECK(out.aicc == fit.aicc);
  CHECK(out.sigma2 == fit.sigma2);
  CHECK(out.evaluations == fit.evaluations);
  CHECK(load_fit(rest).state.empty());
  CHECK(rest.size() == 1);
}

TEST_CASE("MSTL takes two exact seasons and a line apart") {
  const auto y = two_seasons(28 * 6, 0);
  const int periods[] = {14, 4, 1, 500};
  const MstlParts parts = mstl(y, periods);
  REQUIRE(parts.periods == std::vector<int>{4, 14});  // of 500 there is no second cycle
  for (std::size_t t = 0; t < y.size(); ++t) {
    CHECK(parts.adjusted[t] + parts.seasons[0][t] + parts.seasons[1][t] == Approx(y[t]));
    if (t > 20 && t < y.size() - 20)
      CHECK(parts.adjusted[t] == Approx(50 + 0.1 * static_cast<double>(t)).margin(0.3));
  }
}

TEST_CASE("MSTL covers what it says although seasons take noise with them") {
  // Five cycles of twelve: without what the season adds, 95 % intervals cover 87 %.
  constexpr int m = 12;
  const auto model = make_model("MSTL(12,ETS(A,N,N))");
  const std::vector<double> levels{95};
  double covered = 0;
  constexpr int series = 100;
  for (std::uint64_t i = 0; i < series; ++i) {
    rankine::Philox random(9, i);
    std::vector<double> y(std::size_t{6} * m);
    for (std::size_t t = 0; t < y.size(); ++t) y[t] = 100 + 10.0 * (t % m < 5) + random.normal();
    const auto known = std::span<const double>(y).first(std::size_t{5} * m);
    const Fit fit = fit_one(*model, {.values = known, .season = m});
    const Prediction prediction = model->predict(fit, {.horizon = m, .levels = levels});
    for (std::size_t k = 0; k < m; ++k) {
      const double truth = y[known.size() + k];
      covered += prediction.lower[k] <= truth && truth <= prediction.upper[k];
    }
  }
  covered /= series * m;
  CHECK(covered > 0.93);
  CHECK(covered < 0.97);
}

TEST_CASE("MSTL goes on with the last cycle of each season") {
  const auto y = two_seasons(28 * 6, 0);
  const auto longer = two_seasons(28 * 7, 0);
  const auto forecast = means("MSTL(4, 14, Holt)", y, 28);
  for (std::size_t k = 0; k < 28; ++k) CHECK(forecast[k] == Approx(longer[y.size() + k]).margin(0.7));
}

TEST_CASE("LogMSTL is MSTL of logarithms where there are some") {
  auto y = two_seasons(28 * 6, 1);
  std::vector<double> logs(y);
  for (double& value : logs) value = std::log(value);
  const auto plain = means("MSTL(4,14,SES)", logs, 9);
  const auto logged = means("LogMSTL(4,14,SES)", y, 9);
  for (std::size_t k = 0; k < 9; ++k) CHECK(logged[k] == std::exp(plain[k]));
  y[3] = 0;
  CHECK(means("LogMSTL(4,14,SES)", y, 9) == means("MSTL(4,14,SES)", y, 9));
}

TEST_CASE("MSTL without numbers takes the cycles of the problem") {
  const auto y = two_seasons(28 * 6, 1);
  const int seasons[] = {4, 14};
  const auto model = make_model("MSTL(SES)");
  const Fit fit = fit_one(*model, {.values = y, .season = 7, .seasons = seasons});
  CHECK(fit.form == "MSTL(4,14)+" + fit.form.substr(fit.form.find('+') + 1));
  CHECK(model->predict(fit, {.horizon = 9}).mean == means("MSTL(4,14,SES)", y, 9));
  CHECK(means("MSTL(SES)", y, 9, 4) == means("MSTL(4,SES)", y, 9));
  CHECK(model->parameter_names(fit.form) == make_model("SES")->parameter_names("SES"));
}

TEST_CASE("A combination is the mean or the median of its members, their intervals too") {
  const auto y = two_seasons(60, 2);
  const auto a = means("Naive", y, 3), b = means("Holt", y, 3), c = means("DynamicTheta", y, 3),
             d = means("SES", y, 3);
  const auto mean = means("Mean(Naive, Holt)", y, 3);
  const auto three = means("Median(Naive,Holt,DynamicTheta)", y, 3);
  const auto four = means("median(Naive,Holt,DynamicTheta,SES)", y, 3);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(mean[k] == Approx((a[k] + b[k]) / 2));
    std::vector<double> sorted{a[k], b[k], c[k]};
    std::sort(sorted.begin(), sorted.end());
    CHECK(three[k] == sorted[1]);
    sorted = {a[k], b[k], c[k], d[k]};
    std::sort(sorted.begin(), sorted.end());
    CHECK(four[k] == Approx((sorted[1] + sorted[2]) / 2));
  }
  const auto thetas = make_model("Mean(DynamicTheta,StaticTheta)");
  const double levels[] = {95};
  const Prediction both = thetas->predict(fit_one(*thetas, {.values = y}), {.horizon = 2, .levels = levels});
  double lower = 0;
  for (const char* name : {"DynamicTheta", "StaticTheta"}) {
    const auto one = make_model(name);
    lower += one->predict(fit_one(*one, {.values = y}), {.horizon = 2, .levels = levels}).lower[1] / 2;
  }
  CHECK(both.lower.at(1) == Approx(lower));
  CHECK_FALSE(make_model("Mean(Naive,DynamicTheta)")->has_intervals());
}

TEST_CASE("SCUM is the median of ETS, CES, ARIMA and dynamic theta") {
  const auto y = two_seasons(40, 2);
  CHECK(means("SCUM", y, 4) == means("Median(AutoETS,CES,AutoARIMA,DynamicOptimisedTheta)", y, 4));
}

TEST_CASE("A member that cannot be fitted is left out, and the form says who took part") {
  const std::vector<double> y{4, 8};
  const auto model = make_model("Median(Naive,DynamicTheta)");
  const Fit fit = fit_one(*model, {.values = y});
  REQUIRE(fit.failure.empty());
  CHECK(contains(fit.form, "Naive"));
  CHECK_FALSE(contains(fit.form, "Theta"));
  CHECK(model->predict(fit, {.horizon = 2}).mean == std::vector<double>{8, 8});
  const auto none = make_model("Mean(DynamicTheta,StaticTheta)");
  CHECK(contains(fit_one(*none, {.values = y}).failure, "needs 4"));
}

TEST_CASE("Wrong arguments of composed models are named") {
  const auto words = [](const char* text) { return thrown<rankine::InputError>([&] { make_model(text); }); };
  CHECK(contains(words("Mean(Naive)"), "two models"));
  CHECK(contains(words("Mean(Naive,Nix)"), "\"Nix\""));
  CHECK(contains(words("MSTL(1,SES)"), "at least 2"));
  CHECK(contains(words("MSTL(SES,24)"), "the model comes last"));
  CHECK(contains(words("Conformal"), "needs a model"));
  CHECK(contains(words("Conformal(Naive,0)"), "at least 1"));
  CHECK(contains(words("BestCV(x,Naive,SES)"), "\"x\""));
  CHECK(contains(words("SCUM(3)"), "no arguments"));
}

TEST_CASE("BestCV takes the model that forecasts what it had not seen best") {
  std::vector<double> line(40), wave(40);
  for (std::size_t t = 0; t < 40; ++t) {
    line[t] = 3 * static_cast<double>(t);
    wave[t] = t % 4 == 0 ? 10 : 1;
  }
  const auto model = make_model("BestCV(3,Naive,sNaive,Holt)");
  CHECK(contains(fit_one(*model, {.values = line, .season = 4}).form, "Holt: "));
  const Fit fit = fit_one(*model, {.values = wave, .season = 4});
  CHECK(contains(fit.form, "sNaive: "));
  CHECK(model->predict(fit, {.horizon = 6}).mean == means("sNaive", wave, 6, 4));
  CHECK(model->parameter_names(fit.form) == make_model("sNaive")->parameter_names("sNaive"));
  // Too short to hold anything back: the first that can be fitted.
  const std::vector<double> two{1, 5};
  CHECK(contains(fit_one(*model, {.values = two, .season = 4}).form, "Naive: "));
}

TEST_CASE("Best refuses to compare what has no AICc, or one of another family") {
  const auto words = [](const char* text) { return thrown<rankine::InputError>([&] { make_model(text); }); };
  CHECK(contains(words("Best(DynamicTheta,StaticTheta)"), "none of the models has an AICc to choose by"));
  CHECK(contains(words("Best(AutoETS,Naive,AutoARIMA)"), "AICc of AutoETS and AutoARIMA cannot be compared"));
  CHECK(make_model("Best(ETS(A,N,N),Naive,ETS(A,A,N))")->name() == "Best(ETS(A,N,N),Naive,ETS(A,A,N))");
}

TEST_CASE("Rolling origins lie before the end and leave enough to fit") {
  const RollingOrigins one = rolling_origins(100, 1, 10, 3);
  CHECK(one.steps == 8);
  CHECK(one.sizes == std::vector<std::size_t>{92, 84, 76});
  const RollingOrigins seasonal = rolling_origins(400, 12, 24, 2);
  CHECK(seasonal.steps == 24);
  CHECK(seasonal.sizes == std::vector<std::size_t>{376, 352});
  for (std::size_t n = 0; n < 60; ++n) {
    const RollingOrigins origins = rolling_origins(n, 4, 6, 5);
    CHECK(origins.sizes.empty() == (n < 8));
    for (const std::size_t size : origins.sizes) CHECK((size >= 6 && size + origins.steps <= n));
  }
}

TEST_CASE("Conformal intervals cover what they promise on series of a known process") {
  const auto model = make_model("Conformal(SES,10)");
  const double levels[] = {50, 80};
  double inside[2] = {}, total = 0;
  for (std::uint64_t key = 0; key < 150; ++key) {
    rankine::Philox random(3, key);
    std::vector<double> y(86);
    double level = 20;
    for (double& value : y) {
      const double e = random.normal();
      value = level + e;
      level += 0.3 * e;
    }
    const Fit fit = fit_one(*model, {.values = std::span<const double>(y).first(80)});
    const Prediction prediction = model->predict(fit, {.horizon = 6, .levels = levels});
    REQUIRE(prediction.lower.size() == 12);
    for (std::size_t k = 0; k < 6; ++k, ++total) {
      for (std::size_t l = 0; l < 2; ++l)
        inside[l] += y[80 + k] >= prediction.lower[6 * l + k] && y[80 + k] <= prediction.upper[6 * l + k];
    }
  }
  CHECK(inside[0] / total == Approx(0.5).margin(0.08));
  CHECK(inside[1] / total == Approx(0.8).margin(0.08));
}

TEST_CASE("Conformal intervals widen with the step and keep the model's means") {
  const auto y = two_seasons(60, 2);
  const auto model = make_model("Conformal(DynamicTheta)");
  const double levels[] = {80, 95};
  const Fit fit = fit_one(*model, {.values = y, .season = 4});
  const Prediction prediction = model->predict(fit, {.horizon = 20, .levels = levels});
  CHECK(prediction.mean == means("DynamicTheta", y, 20, 4));
  for (std::size_t k = 0; k < 20; ++k) {
    CHECK(prediction.upper[20 + k] >= prediction.upper[k]);
    if (k == 0) continue;
    const auto width = [&](std::size_t at) { return prediction.upper[at] - prediction.lower[at]; };
    CHECK(width(k) >= width(k - 1) * (1 - 1e-12));
  }
}

}  // namespace
