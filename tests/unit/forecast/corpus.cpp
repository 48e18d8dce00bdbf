// SPDX-License-Identifier: Apache-2.0
#include "corpus.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include <rankine/core/philox.hpp>

using namespace rankine::forecast;

namespace {

std::vector<double> values(std::size_t n, const std::function<double(std::size_t)>& at) {
  std::vector<double> y(n);
  for (std::size_t t = 0; t < n; ++t) y[t] = at(t);
  return y;
}

double wave(std::size_t t) {
  return 10 + 0.1 * static_cast<double>(t) + 2 * std::sin(1.7 * static_cast<double>(t));
}

}  // namespace

std::vector<HardSeries> hard_series() {
  rankine::Philox random(11, 0);
  std::vector<HardSeries> all;
  const auto add = [&](const char* name, int season, std::size_t n,
                       const std::function<double(std::size_t)>& at) {
    all.push_back({name, season, values(n, at)});
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  add("empty", 1, 0, wave);
  add("one value", 4, 1, [](std::size_t) { return 5; });
  add("two values", 4, 2, wave);
  add("five values", 12, 5, wave);
  add("nine values, m = 4", 4, 9, wave);
  add("constant", 1, 40, [](std::size_t) { return 7.25; });
  add("constant, m = 4", 4, 40, [](std::size_t) { return 7.25; });
  add("all zero", 4, 40, [](std::size_t) { return 0; });
  add("constant, then one other", 1, 40, [](std::size_t t) { return t == 39 ? 8 : 7; });
  add("huge", 4, 40, [](std::size_t t) { return 1e300 * wave(t); });
  add("largest", 1, 40, [](std::size_t t) { return (t % 2 == 0 ? 1 : 0.9) * 1.7e308; });
  add("tiny", 4, 40, [](std::size_t t) { return 1e-300 * wave(t); });
  add("denormal", 1, 40, [](std::size_t t) { return 5e-320 * wave(t); });
  add("huge range", 1, 40, [](std::size_t t) { return std::exp(static_cast<double>(t)); });
  add("far from zero", 4, 40, [](std::size_t t) { return 1e12 + wave(t); });
  add("negative", 4, 40, [](std::size_t t) { return -wave(t); });
  add("alternating", 1, 40, [](std::size_t t) { return t % 2 == 0 ? 1 : -1; });
  add("alternating, m = 2", 2, 40, [](std::size_t t) { return t % 2 == 0 ? 1 : -1; });
  add("exact line", 1, 40, [](std::size_t t) { return static_cast<double>(t); });
  add("exact cycle", 4, 40, [](std::size_t t) { return static_cast<double>(1 + t % 4); });
  add("cycle with zeros", 4, 40, [](std::size_t t) { return t % 4 == 0 ? 9 : 0; });
  add("intermittent", 1, 60, [&](std::size_t) { return random.uniform() < 0.2 ? 3 : 0; });
  add("one demand", 1, 40, [](std::size_t t) { return t == 20 ? 4 : 0; });
  add("level shift", 1, 60, [](std::size_t t) { return wave(t) + (t < 30 ? 0 : 500); });
  add("one outlier", 4, 60, [](std::size_t t) { return t == 33 ? 1e9 : wave(t); });
  add("exploding", 1, 40, [](std::size_t t) { return std::pow(2.0, static_cast<double>(t)); });
  add("wrong frequency", 7, 60, [](std::size_t t) { return t % 12 == 0 ? 30 : 10 + 0.01 * wave(t); });
  add("cycle longer than the series", 365, 60, wave);
  add("cycle of half the series", 24, 49, wave);
  add("random walk", 12, 60, [&, level = 0.0](std::size_t) mutable { return level += random.normal(); });
  add("missing value", 4, 40, [&](std::size_t t) { return t == 7 ? nan : wave(t); });
  add("infinite value", 1, 40, [&](std::size_t t) { return t == 39 ? infinity : wave(t); });
  return all;
}

std::string example_of(std::string_view name) {
  static const std::map<std::string_view, const char*> examples{
      {"WindowAverage", "WindowAverage(7)"},
      {"SeasonalWindowAverage", "SeasonalWindowAverage(2)"},
      {"SeasonalExponentialSmoothing", "SeasonalExponentialSmoothing(0.9)"},
      {"ETS", "ETS(A,Ad,N)"},
      {"ARIMA", "ARIMA(1,1,1)"},
      {"AR", "AR(2)"},
      {"TSB", "TSB(0.2,0.2)"},
      {"MSTL", "MSTL(4,12,DynamicOptimisedTheta)"},
      {"LogMSTL", "LogMSTL(4,12,DynamicOptimisedTheta)"},
      {"Mean", "Mean(Naive,DynamicTheta)"},
      {"Median", "Median(Holt,StaticTheta,DynamicTheta)"},
      {"Best", "Best(ETS(A,N,N),ETS(A,A,N))"},
      {"BestCV", "BestCV(2,Naive,DynamicTheta)"},
      {"Conformal", "Conformal(DynamicTheta,4)"},
  };
  const auto known = examples.find(name);
  return known == examples.end() ? std::string(name) : known->second;
}

namespace {

std::string fault_of(const Prediction& prediction, bool intervals) {
  const auto finite = [](const std::vector<double>& list) {
    for (const double value : list)
      if (!std::isfinite(value)) return false;
    return true;
  };
  if (!prediction.failure.empty()) return {};
  if (prediction.mean.size() != 6) return "no six forecasts";
  if (!finite(prediction.mean)) return "a forecast is not finite";
  if (!finite(prediction.lower) || !finite(prediction.upper)) return "a bound is not finite";
  const std::size_t bounds = intervals ? 12 : 0;
  if (prediction.lower.size() != bounds || prediction.upper.size() != bounds) return "not two bounds a step";
  for (std::size_t k = 0; k < bounds; ++k)
    if (prediction.lower[k] > prediction.upper[k]) return "a lower bound above the upper";
  return {};
}

}  // namespace

Answer ask(const Model& model, const HardSeries& series) {
  Answer answer;
  try {
    const Fit fit = fit_one(model, {.values = series.values, .season = series.season, .key = 3});
    answer.failure = fit.failure;
    if (!fit.failure.empty()) return answer;
    const double levels[] = {80, 95};
    const Prediction prediction = model.predict(fit, {.horizon = 6, .levels = levels, .key = 3});
    answer.failure = prediction.failure;
    answer.fault = fault_of(prediction, model.has_intervals());
    if (!prediction.mean.empty()) answer.first = prediction.mean[0];
  } catch (const std::exception& error) {
    answer.fault = std::string("throws: ") + error.what();
  }
  return answer;
}
