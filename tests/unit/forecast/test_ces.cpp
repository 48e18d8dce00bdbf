// SPDX-License-Identifier: Apache-2.0
// Complex exponential smoothing against its definition in complex numbers, against small steps of its
// parameters, and its intervals against simulated futures.
#include <cmath>
#include <complex>
#include <numbers>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/forecast/model.hpp>

#include "catch.hpp"
#include "forecast/ces/estimate.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;
using namespace rankine::forecast::ces;

std::vector<double> seasonal_series(std::size_t n, double amplitude, std::uint64_t key) {
  rankine::Philox random(3, key);
  std::vector<double> y;
  double level = 100;
  for (std::size_t t = 0; t < n; ++t) {
    const double e = random.normal();
    y.push_back(level + amplitude * std::sin(2 * std::numbers::pi * static_cast<double>(t) / 4) + e);
    level += 0.3 + 0.4 * e;
  }
  return y;
}

Problem problem_of(const std::vector<double>& values, int season) {
  Problem problem;
  problem.values = values;
  problem.season = season;
  return problem;
}

double squares(const std::vector<double>& values, Form form, int season,
               const std::vector<double>& parameters) {
  const Recursion recursion(form, season, parameters);
  if (!recursion.is_stable()) return 1e300;
  State state = recursion.begin(values);
  double sum = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    const double error = values[t] - recursion.forecast(state, t);
    recursion.update(state, t, error);
    sum += error * error;
  }
  return sum;
}

TEST_CASE("CES is the smoothing of complex numbers by a complex number") {
  const std::vector<double> y = seasonal_series(30, 0, 1);
  const std::vector<double> parameters{1.4, 0.96};
  const Recursion recursion(Form::kNone, 1, parameters);
  const std::complex<double> a(parameters[0], parameters[1]);
  State state{90, 70, {}, {}};
  std::complex<double> predicted(90, 70);
  for (std::size_t t = 0; t < y.size(); ++t) {
    CHECK(recursion.forecast(state, t) == Approx(predicted.real()).epsilon(1e-12));
    const double error = y[t] - predicted.real();
    recursion.update(state, t, error);
    predicted = a * std::complex<double>(y[t], error) + (std::complex<double>(1, 1) - a) * predicted;
  }
}

TEST_CASE("What CES calls stable forgets its beginning, and nothing else does") {
  for (const Form form : kForms) {
    for (std::uint64_t key = 0; key < 40; ++key) {
      rankine::Philox random(5, key);
      std::vector<double> parameters{0.5 + 2 * random.uniform(), 0.8 + 0.5 * random.uniform()};
      if (form == Form::kPartial) parameters.push_back(-0.5 + 2.5 * random.uniform());
      if (form == Form::kFull)
        parameters.insert(parameters.end(), {1.5 * random.uniform(), 0.9 + 0.3 * random.uniform()});
      const Recursion recursion(form, 4, parameters);
      State state{1, 0.5, {1, -2, 0.3, 0.4}, {0.3, 0.1, -1, 0.2}};
      double last = 0;  // errors of a series of zeros
      for (std::size_t t = 0; t < 4000; ++t) {
        const double error = -recursion.forecast(state, t);
        recursion.update(state, t, error);
        if (t >= 3900) last = std::max(last, std::abs(error));
        if (std::abs(error) > 1e6) last = 1e6;
        if (last >= 1e6) break;
      }
      INFO(name(form) << " " << key << " ends at " << last);
      if (last > 1e3) CHECK_FALSE(recursion.is_stable());
      if (last < 1e-9) CHECK(recursion.is_stable());
    }
  }
}

TEST_CASE("Within the stable region no small step of a parameter has smaller errors") {
  int seen = 0;
  for (const Form form : kForms) {
    for (std::uint64_t key = 0; key < 5; ++key) {
      const std::vector<double> y = seasonal_series(60, 10, key);
      const Estimate fitted = estimate(problem_of(y, 4), form);
      INFO(name(form) << " " << key);
      const double least = squares(y, form, 4, fitted.parameters);
      CHECK(fitted.sum_squares == Approx(least).epsilon(1e-9));
      const auto near = [&](std::size_t i, double step) {
        std::vector<double> moved = fitted.parameters;
        moved[i] += step;
        return squares(y, form, 4, moved);
      };
      bool inside = true;
      for (std::size_t i = 0; i < fitted.parameters.size(); ++i)
        inside = inside && near(i, -0.03) < 1e300 && near(i, 0.03) < 1e300;
      if (!inside) continue;
      ++seen;
      for (std::size_t i = 0; i < fitted.parameters.size(); ++i) {
        for (const double step : {-0.003, 0.003}) {
          CHECK(near(i, step) >= least * (1 - 1e-5));
        }
      }
    }
  }
  CHECK(seen >= 8);
}

TEST_CASE("CES chooses a seasonal form for a seasonal series only") {
  const ModelPointer model = make_model("CES");
  const Fit seasonal = fit_one(*model, problem_of(seasonal_series(80, 10, 1), 4));
  CHECK(seasonal.form != "CES(none)");
  CHECK(contains(seasonal.form, "[4]"));
  CHECK(model->parameter_names(seasonal.form).size() == seasonal.parameters.size());
  CHECK(fit_one(*model, problem_of(seasonal_series(80, 0, 2), 1)).form == "CES(none)");
  const std::vector<double> y = seasonal_series(80, 10, 1);
  Request request;
  request.horizon = 8;
  const Prediction ahead = model->predict(seasonal, request);
  for (std::size_t h = 0; h < 8; ++h) CHECK(ahead.mean[h] == Approx(y[72 + h]).margin(15));
  CHECK(ahead.mean[0] - ahead.mean[1] < -3);  // the sine goes up from time 80 to 81
}

TEST_CASE("Intervals of CES are those of simulated futures") {
  for (const char* text : {"CES(none)", "CES(simple)", "CES(partial)", "CES(full)"}) {
    INFO(text);
    const ModelPointer model = make_model(text);
    const Fit fit = fit_one(*model, problem_of(seasonal_series(80, 10, 7), 4));
    REQUIRE(fit.failure == "");
    const double level = 80;
    Request request;
    request.horizon = 6;
    request.levels = std::span(&level, 1);
    const Prediction ahead = model->predict(fit, request);
    const Estimate fitted = estimate(problem_of(seasonal_series(80, 10, 7), 4), kForms[text[4] == 'n'   ? 0
                                                                                       : text[4] == 's' ? 1
                                                                                       : text[4] == 'p' ? 2
                                                                                                        : 3]);
    const Recursion recursion(fitted.form, 4, fitted.parameters);
    rankine::Philox random(1, 2);
    constexpr int kPaths = 20000;
    int inside = 0;
    for (int path = 0; path < kPaths; ++path) {
      State state = fitted.last;
      double value = 0;
      for (std::size_t h = 0; h < 6; ++h) {
        const double error = std::sqrt(fit.sigma2) * random.normal();
        value = recursion.forecast(state, 80 + h) + error;
        recursion.update(state, 80 + h, error);
      }
      inside += value >= ahead.lower[5] && value <= ahead.upper[5] ? 1 : 0;
    }
    CHECK(static_cast<double>(inside) / kPaths == Approx(0.8).margin(0.015));
  }
}

TEST_CASE("CES does not depend on the unit, and continues a constant") {
  const std::vector<double> y = seasonal_series(50, 10, 3);
  const Fit fit = fit_one(*make_model("CES(partial)"), problem_of(y, 4));
  std::vector<double> scaled = y;
  for (double& v : scaled) v *= 0x1p500;
  const Fit other = fit_one(*make_model("CES(partial)"), problem_of(scaled, 4));
  CHECK(other.parameters == fit.parameters);
  CHECK(other.state[1] == fit.state[1] * 0x1p500);
  const Fit constant = fit_one(*make_model("CES"), problem_of(std::vector<double>(20, 7), 4));
  REQUIRE(constant.failure == "");
  Request request;
  request.horizon = 3;
  for (const double v : make_model("CES")->predict(constant, request).mean)
    CHECK(v == Approx(7).epsilon(1e-3));
}

TEST_CASE("CES with wrong arguments, or without a season, says so") {
  CHECK(
      contains(thrown<rankine::InputError>([] { make_model("CES(whole)"); }), "none, simple, partial, full"));
  CHECK(make_model("ces(Full)")->name() == "CES(full)");
  const Fit fit = fit_one(*make_model("CES(full)"), problem_of(seasonal_series(50, 1, 1), 1));
  CHECK(contains(fit.failure, "no season"));
}

}  // namespace
