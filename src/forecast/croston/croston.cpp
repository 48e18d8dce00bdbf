// SPDX-License-Identifier: Apache-2.0
#include "forecast/croston/croston.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <boost/math/tools/minima.hpp>

#include <rankine/core/error.hpp>

#include "forecast/single.hpp"

namespace rankine::forecast {

namespace {

constexpr double kUsualWeight = 0.1;
constexpr double kWeightMost = 0.3;

/// Simple exponential smoothing from the first value on; the squared one-step errors go to `sse`.
double smoothed(std::span<const double> values, double weight, double* sse = nullptr) {
  double level = values[0];
  for (const double value : values.subspan(1)) {
    const double error = value - level;
    if (sse != nullptr) *sse += error * error;
    level += weight * error;
  }
  return level;
}

double best_weight(std::span<const double> values) {
  const auto loss = [&](double weight) {
    double sse = 0;
    smoothed(values, weight, &sse);
    return sse;
  };
  std::uintmax_t evaluations_max = 40;
  const double weight =
      boost::math::tools::brent_find_minima(loss, kUsualWeight, kWeightMost, 26, evaluations_max).first;
  // The least may lie at an end, which the search only comes close to.
  if (loss(kUsualWeight) <= loss(weight)) return kUsualWeight;
  return loss(kWeightMost) <= loss(weight) ? kWeightMost : weight;
}

struct Demands {
  std::vector<double> sizes;
  std::vector<double> gaps;  ///< steps since the demand before; for the first, since before the series
};

Demands demands_of(std::span<const double> values) {
  Demands demands;
  std::size_t before = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    if (values[t] == 0) continue;
    demands.sizes.push_back(values[t]);
    demands.gaps.push_back(static_cast<double>(t + 1 - before));
    before = t + 1;
  }
  return demands;
}

/// Forecast a step from sums over `length` steps, counted back from the end.
double from_sums(std::span<const double> values, std::size_t length) {
  std::vector<double> sums;
  for (std::size_t t = values.size() % length; t < values.size(); t += length)
    sums.push_back(std::accumulate(values.begin() + static_cast<std::ptrdiff_t>(t),
                                   values.begin() + static_cast<std::ptrdiff_t>(t + length), 0.0));
  return smoothed(sums, best_weight(sums)) / static_cast<double>(length);
}

std::size_t mean_gap(const Demands& demands, std::size_t n) {
  const double sum = std::accumulate(demands.gaps.begin(), demands.gaps.end(), 0.0);
  const double mean = std::nearbyint(sum / static_cast<double>(demands.gaps.size()));
  return std::clamp<std::size_t>(static_cast<std::size_t>(mean), 1, n);
}

enum class Method { kCroston, kCrostonOptimised, kSba, kTsb, kAdida, kImapa };

class Intermittent final : public SingleModel {
 public:
  Intermittent(std::string name, Method method, double alpha = kUsualWeight, double beta = kUsualWeight)
      : name_(std::move(name)), method_(method), alpha_(alpha), beta_(beta) {}

  std::string name() const override { return name_; }
  std::size_t values_min(const Problem& /*problem*/) const override { return 1; }
  std::vector<std::string> parameter_names(std::string_view /*form*/) const override {
    if (method_ == Method::kAdida || method_ == Method::kImapa) return {"aggregation"};
    return {"alpha", "beta"};
  }

 protected:
  Fit fit_values(const Problem& problem) const override {
    Fit fit;
    fit.form = name_;
    fit.loglik = fit.aicc = kUndefined;
    const auto values = problem.values;
    if (*std::min_element(values.begin(), values.end()) < 0) {
      fit.failure = fmt::format("has negative values, {} is for demands", name_);
      return fit;
    }
    const Demands demands = demands_of(values);
    if (demands.sizes.empty()) {  // no demand was seen, none is expected
      fit.parameters.assign(parameter_names(fit.form).size(), 0.0);
      fit.state = {0.0};
      return fit;
    }
    fit.state = {mean_demand(values, demands, fit.parameters)};
    for (const double value : values)
      fit.sigma2 += (value - fit.state[0]) * (value - fit.state[0]) / static_cast<double>(values.size());
    return fit;
  }

  Prediction predict_values(const Fit& fit, const Request& request) const override {
    Prediction prediction;
    prediction.mean.assign(static_cast<std::size_t>(request.horizon), fit.state[0]);
    return prediction;
  }

 private:
  double mean_demand(std::span<const double> values, const Demands& demands,
                     std::vector<double>& parameters) const {
    if (method_ == Method::kTsb) {
      std::vector<double> happened(values.size());
      for (std::size_t t = 0; t < values.size(); ++t) happened[t] = values[t] != 0 ? 1 : 0;
      parameters = {alpha_, beta_};
      return smoothed(demands.sizes, alpha_) * smoothed(happened, beta_);
    }
    if (method_ == Method::kAdida || method_ == Method::kImapa) {
      const std::size_t gap = mean_gap(demands, values.size());
      parameters = {static_cast<double>(gap)};
      if (method_ == Method::kAdida) return from_sums(values, gap);
      double sum = 0;
      for (std::size_t length = 1; length <= gap; ++length) sum += from_sums(values, length);
      return sum / static_cast<double>(gap);
    }
    const bool optimised = method_ == Method::kCrostonOptimised;
    const double alpha = optimised ? best_weight(demands.sizes) : kUsualWeight;
    const double beta = optimised ? best_weight(demands.gaps) : kUsualWeight;
    parameters = {alpha, beta};
    const double rate = smoothed(demands.sizes, alpha) / smoothed(demands.gaps, beta);
    return method_ == Method::kSba ? 0.95 * rate : rate;
  }

  std::string name_;
  Method method_;
  double alpha_, beta_;
};

ModelPointer made(Arguments arguments, const char* name, Method method) {
  require_no_arguments(arguments, name);
  return std::make_shared<Intermittent>(name, method);
}

}  // namespace

ModelPointer make_croston(Arguments arguments) {
  return made(arguments, "Croston", Method::kCroston);
}
ModelPointer make_croston_optimised(Arguments arguments) {
  return made(arguments, "CrostonOptimised", Method::kCrostonOptimised);
}
ModelPointer make_sba(Arguments arguments) {
  return made(arguments, "SBA", Method::kSba);
}
ModelPointer make_tsb(Arguments arguments) {
  if (arguments.size() != 2) throw InputError("TSB(alpha,beta) needs two weights");
  const double alpha = number_between(arguments[0], 0, 1, "alpha of TSB");
  const double beta = number_between(arguments[1], 0, 1, "beta of TSB");
  return std::make_shared<Intermittent>(fmt::format("TSB({},{})", alpha, beta), Method::kTsb, alpha, beta);
}
ModelPointer make_adida(Arguments arguments) {
  return made(arguments, "ADIDA", Method::kAdida);
}
ModelPointer make_imapa(Arguments arguments) {
  return made(arguments, "IMAPA", Method::kImapa);
}

}  // namespace rankine::forecast
