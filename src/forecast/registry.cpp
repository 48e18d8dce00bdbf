// SPDX-License-Identifier: Apache-2.0
#include "forecast/registry.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/text.hpp"
#include "forecast/arima/models.hpp"
#include "forecast/benchmarks/benchmarks.hpp"
#include "forecast/ces/models.hpp"
#include "forecast/choice/best.hpp"
#include "forecast/combine/combination.hpp"
#include "forecast/croston/croston.hpp"
#include "forecast/ets/models.hpp"
#include "forecast/intervals/conformal.hpp"
#include "forecast/mstl/mstl.hpp"
#include "forecast/regression/regression.hpp"
#include "forecast/simple/averages.hpp"
#include "forecast/single.hpp"
#include "forecast/theta/theta_models.hpp"

namespace rankine::forecast {

namespace {

// One line a model: {"AutoETS", "AutoETS", "what it is", make_auto_ets},
constexpr Registered kModels[] = {
    {"Naive", "Naive", "the last value", make_benchmark_without<Benchmark::kNaive>},
    {"sNaive", "sNaive", "the last cycle repeated", make_benchmark_without<Benchmark::kSnaive>},
    {"Naive2", "Naive2", "the last value of the seasonally adjusted series",
     make_benchmark_without<Benchmark::kNaive2>},
    {"SES", "SES", "simple exponential smoothing, seasonally adjusted",
     make_benchmark_without<Benchmark::kSes>},
    {"Holt", "Holt", "Holt's linear trend, seasonally adjusted", make_benchmark_without<Benchmark::kHolt>},
    {"Damped", "Damped", "damped linear trend, seasonally adjusted",
     make_benchmark_without<Benchmark::kDamped>},
    {"Theta", "Theta", "the classic Theta method, seasonally adjusted (Assimakopoulos, Nikolopoulos 2000)",
     make_benchmark_without<Benchmark::kTheta>},
    {"Comb", "Comb", "the mean of SES, Holt and Damped", make_benchmark_without<Benchmark::kComb>},
    {"HistoricAverage", "HistoricAverage", "the mean of all values", make_historic_average},
    {"WindowAverage", "WindowAverage(values)", "the mean of the last values", make_window_average},
    {"SeasonalWindowAverage", "SeasonalWindowAverage(cycles)", "the mean of the last cycles, value by value",
     make_seasonal_window_average},
    {"SeasonalExponentialSmoothing", "SeasonalExponentialSmoothing(alpha)",
     "simple exponential smoothing of each position in the cycle", make_seasonal_exponential_smoothing},
    {"AutoETS", "AutoETS", "exponential smoothing, the form chosen by AICc (Hyndman et al. 2002)",
     make_auto_ets, "ETS"},
    {"ETS", "ETS(error,trend,season)", "one form of exponential smoothing, e.g. ETS(A,Ad,N)", make_ets,
     "ETS"},
    {"StaticTheta", "StaticTheta", "theta = 2 with a fitted initial level (Fiorucci et al. 2016, STM)",
     make_static_theta},
    {"OptimisedTheta", "OptimisedTheta", "theta fitted (Fiorucci et al. 2016, OTM)", make_optimised_theta},
    {"DynamicTheta", "DynamicTheta", "theta = 2 about a line that moves (Fiorucci et al. 2016, DSTM)",
     make_dynamic_theta},
    {"DynamicOptimisedTheta", "DynamicOptimisedTheta",
     "theta fitted about a line that moves (Fiorucci et al. 2016, DOTM)", make_dynamic_optimised_theta},
    {"CES", "CES[(none|simple|partial|full)]",
     "complex exponential smoothing, seasonal by AICc (Svetunkov, Kourentzes, Ord 2022)", make_ces, "CES"},
    {"AutoARIMA", "AutoARIMA", "seasonal ARIMA of stepwise choice by AICc (Hyndman, Khandakar 2008)",
     make_auto_arima, "ARIMA"},
    {"ARIMA", "ARIMA(p,d,q[,P,D,Q][,mean|drift|zero])", "one ARIMA form by exact likelihood", make_arima,
     "ARIMA"},
    {"AutoAR", "AutoAR", "an autoregression with a mean, its order by AICc", make_auto_autoregression,
     "ARIMA"},
    {"AR", "AR(p)", "an autoregression with a mean", make_autoregression, "ARIMA"},
    {"Croston", "Croston", "mean demand from sizes and gaps of demands (Croston 1972)", make_croston},
    {"CrostonOptimised", "CrostonOptimised", "Croston with fitted weights", make_croston_optimised},
    {"SBA", "SBA", "0.95 times Croston (Syntetos, Boylan 2005)", make_sba},
    {"TSB", "TSB(alpha,beta)", "sizes and probability of demands (Teunter, Syntetos, Babai 2011)", make_tsb},
    {"ADIDA", "ADIDA", "sums over the mean gap, smoothed (Nikolopoulos et al. 2011)", make_adida},
    {"IMAPA", "IMAPA", "ADIDA over all lengths up to the mean gap (Petropoulos, Kourentzes 2015)",
     make_imapa},
    {"MSTL", "MSTL(m1,m2,...,model)", "several seasons by STL, the rest by a model, AutoETS unless named",
     make_mstl, "MSTL"},
    {"LogMSTL", "LogMSTL(m1,m2,...,model)", "MSTL of logarithms where all values are positive", make_log_mstl,
     "LogMSTL"},
    {"Regression", "Regression(trend,dummies,lag=,fourier=,ridge=)",
     "linear regression on the past, the calendar and known columns", make_regression, "Regression"},
    {"Mean", "Mean(a,b,...)", "the mean of several models' forecasts", make_mean},
    {"Median", "Median(a,b,...)", "the median of several models' forecasts", make_median},
    {"SCUM", "SCUM", "the median of AutoETS, CES, AutoARIMA and DynamicOptimisedTheta", make_scum},
    {"Best", "Best(a,b,...)", "for each series the model of least AICc", make_best, "Best"},
    {"BestCV", "BestCV(windows,a,b,...)", "for each series the model of least error over rolling origins",
     make_best_cv},
    {"Conformal", "Conformal(model,windows)", "a model with intervals from its errors over rolling origins",
     make_conformal},
};

constexpr std::string_view kBenchmarks = "Naive,sNaive,Naive2,SES,Holt,Damped,Theta,Comb";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Parts of `text` between commas that stand outside brackets.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) {
      depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
      if (depth < 0) throw InputError(fmt::format("\"{}\" closes a bracket that it did not open", text));
      if (text[i] != ',' || depth > 0) continue;
    }
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  if (depth > 0) throw InputError(fmt::format("\"{}\" does not close a bracket", text));
  return parts;
}

}  // namespace

std::span<const Registered> registered() {
  return kModels;
}

ModelPointer make_model(std::string_view text) {
  const std::string_view whole = trimmed(text);
  const std::size_t open = whole.find('(');
  const std::string_view name = trimmed(whole.substr(0, open));
  std::vector<std::string_view> arguments;
  if (open != std::string_view::npos) {
    if (whole.back() != ')') throw InputError(fmt::format("model \"{}\" does not end with ')'", whole));
    arguments = split(whole.substr(open + 1, whole.size() - open - 2));
  }
  const auto* known = std::find_if(std::begin(kModels), std::end(kModels), [&](const Registered& one) {
    return files::equal_ignoring_case(one.name, name);
  });
  if (known != std::end(kModels)) return known->make(arguments);
  std::vector<std::string_view> names;
  for (const Registered& one : kModels) names.push_back(one.usage);
  throw InputError(fmt::format("there is no model \"{}\"; known are: {}", name, fmt::join(names, ", ")));
}

std::vector<ModelPointer> make_models(std::string_view list) {
  std::vector<ModelPointer> models;
  if (files::equal_ignoring_case(trimmed(list), "benchmarks") ||
      files::equal_ignoring_case(trimmed(list), "all")) {
    list = kBenchmarks;
  }
  for (const std::string_view text : split(list)) {
    ModelPointer model = make_model(text);
    for (const ModelPointer& other : models) {
      if (other->name() == model->name())
        throw InputError(fmt::format("model {} is named twice; name each once", model->name()));
    }
    models.push_back(std::move(model));
  }
  return models;
}

std::vector<ModelDescription> known_models() {
  std::vector<ModelDescription> known;
  for (const Registered& one : kModels) known.push_back({one.usage, one.one_liner});
  return known;
}

Fit fit_one(const Model& model, const Problem& problem) {
  Fit fit;
  fit_sound(model, std::span(&problem, 1), std::span(&fit, 1));
  return fit;
}

}  // namespace rankine::forecast
