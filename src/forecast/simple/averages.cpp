// SPDX-License-Identifier: Apache-2.0
#include "forecast/simple/averages.hpp"

#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "forecast/intervals/gaussian.hpp"
#include "forecast/single.hpp"

namespace rankine::forecast {

namespace {

enum class Average { kHistoric, kWindow, kSeasonalWindow, kSeasonalSmoothing };

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value / static_cast<double>(values.size());
  return sum;
}

class AverageModel final : public SingleModel {
 public:
  AverageModel(std::string name, Average kind, std::size_t window, double alpha)
      : name_(std::move(name)), kind_(kind), window_(window), alpha_(alpha) {}

  std::string name() const override { return name_; }
  std::size_t values_min(const Problem& problem) const override {
    const auto m = static_cast<std::size_t>(std::max(problem.season, 1));
    return kind_ == Average::kSeasonalWindow      ? window_ * m
           : kind_ == Average::kSeasonalSmoothing ? m
           : kind_ == Average::kWindow            ? window_
                                                  : 1;
  }
  std::vector<std::string> parameter_names(std::string_view /*form*/) const override {
    if (kind_ == Average::kSeasonalSmoothing) return {"alpha"};
    return {};
  }
  bool has_intervals() const override { return kind_ == Average::kHistoric; }

 protected:
  /// The state: the cycle that the forecast repeats, one value without season.
  Fit fit_values(const Problem& problem) const override {
    Fit fit;
    fit.form = name_;
    fit.loglik = fit.aicc = fit.sigma2 = kUndefined;
    const auto values = problem.values;
    const std::size_t n = values.size();
    const auto m = static_cast<std::size_t>(problem.season);
    if (kind_ == Average::kHistoric) {
      const double mean = mean_of(values);
      double squares = 0;
      for (const double value : values) squares += (value - mean) * (value - mean);
      fit.sigma2 = n > 1 ? squares / static_cast<double>(n - 1) : 0;
      // Of a new value the mean itself is uncertain, too.
      fit.state = {mean, fit.sigma2 * (1 + 1 / static_cast<double>(n))};
    } else if (kind_ == Average::kWindow) {
      fit.state = {mean_of(values.last(window_)), 0};
    } else {
      for (std::size_t k = 0; k < m; ++k) fit.state.push_back(cycle_value(values, m, k));
      fit.state.push_back(0);
      if (kind_ == Average::kSeasonalSmoothing) fit.parameters = {alpha_};
    }
    return fit;
  }

  Prediction predict_values(const Fit& fit, const Request& request) const override {
    const auto horizon = static_cast<std::size_t>(request.horizon);
    const std::size_t m = fit.state.size() - 1;
    Prediction prediction;
    for (std::size_t k = 0; k < horizon; ++k) prediction.mean.push_back(fit.state[k % m]);
    if (has_intervals())
      fill_normal_intervals(prediction, std::vector(horizon, std::sqrt(fit.state.back())), request.levels);
    return prediction;
  }

 private:
  /// The average of the values at those times of all cycles that come k steps after the last value.
  double cycle_value(std::span<const double> values, std::size_t m, std::size_t k) const {
    const std::size_t n = values.size();
    if (kind_ == Average::kSeasonalWindow) {
      double sum = 0;
      for (std::size_t c = 1; c <= window_; ++c) sum += values[n - c * m + k] / static_cast<double>(window_);
      return sum;
    }
    std::size_t t = (n + k) % m;
    double level = values[t];
    for (t += m; t < n; t += m) level += alpha_ * (values[t] - level);
    return level;
  }

  std::string name_;
  Average kind_;
  std::size_t window_;
  double alpha_;
};

ModelPointer with_window(Arguments arguments, const char* name, Average kind, const char* what) {
  if (arguments.size() != 1) throw InputError(fmt::format("{} needs one number: how many {}", name, what));
  const int window = whole_number(arguments[0], 1, fmt::format("the window of {}", name));
  return std::make_shared<AverageModel>(fmt::format("{}({})", name, window), kind,
                                        static_cast<std::size_t>(window), 0);
}

}  // namespace

ModelPointer make_historic_average(Arguments arguments) {
  require_no_arguments(arguments, "HistoricAverage");
  return std::make_shared<AverageModel>("HistoricAverage", Average::kHistoric, 1, 0);
}
ModelPointer make_window_average(Arguments arguments) {
  return with_window(arguments, "WindowAverage", Average::kWindow, "values");
}
ModelPointer make_seasonal_window_average(Arguments arguments) {
  return with_window(arguments, "SeasonalWindowAverage", Average::kSeasonalWindow, "cycles");
}
ModelPointer make_seasonal_exponential_smoothing(Arguments arguments) {
  if (arguments.size() != 1) throw InputError("SeasonalExponentialSmoothing(alpha) needs one weight");
  const double alpha = number_between(arguments[0], 0, 1, "alpha of SeasonalExponentialSmoothing");
  return std::make_shared<AverageModel>(fmt::format("SeasonalExponentialSmoothing({})", alpha),
                                        Average::kSeasonalSmoothing, 1, alpha);
}

}  // namespace rankine::forecast
