// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/models.hpp>

#include "forecast/seasonal.hpp"
#include "forecast/smoothing.hpp"
#include "forecast/text.hpp"

namespace rankine::forecast {

namespace {

constexpr std::array<ModelId, kModelCount> kAll{ModelId::kNaive, ModelId::kSnaive, ModelId::kNaive2,
                                                ModelId::kSes,   ModelId::kHolt,   ModelId::kDamped,
                                                ModelId::kTheta, ModelId::kComb};
constexpr std::array<std::string_view, kModelCount> kNames{"Naive", "sNaive", "Naive2", "SES",
                                                           "Holt",  "Damped", "Theta",  "Comb"};

std::size_t values_min(ModelId model, int season) {
  switch (model) {
    case ModelId::kNaive:
      return 1;
    case ModelId::kSnaive:
      return static_cast<std::size_t>(std::max(season, 1));
    case ModelId::kNaive2:
      return 1;
    case ModelId::kSes:
      return 2;
    case ModelId::kTheta:
      return 3;
    case ModelId::kHolt:
      return 5;
    case ModelId::kDamped:
      return 6;
    case ModelId::kComb:
      return 6;
  }
  return 0;
}

/// Fits the models of one series; the adjusted values and the smoothers are made once and shared.
class Family {
 public:
  explicit Family(const Series& series) : series_(series), values_(series.train) {
    const auto m = static_cast<std::size_t>(std::max(series.season, 1));
    indices_.assign(m, 0.0);
  }

  /// Called once, before any model that sees adjusted values.
  Adjustment adjust() {
    if (!is_seasonal(series_.train, series_.season)) return adjustment_;
    const bool positive = *std::min_element(series_.train.begin(), series_.train.end()) > 0;
    adjustment_ = positive ? Adjustment::kMultiplicative : Adjustment::kAdditive;
    indices_ = seasonal_indices(series_.train, series_.season, adjustment_);
    adjusted_ = series_.train;
    const std::size_t m = indices_.size();
    for (std::size_t t = 0; t < adjusted_.size(); ++t) {
      const double index = indices_[t % m];
      adjusted_[t] = positive ? adjusted_[t] / index : adjusted_[t] - index;
    }
    values_ = adjusted_;
    return adjustment_;
  }

  void fit(ModelFit& fit) {
    fit.forecast.resize(static_cast<std::size_t>(series_.horizon));
    switch (fit.model) {
      case ModelId::kNaive:
        std::fill(fit.forecast.begin(), fit.forecast.end(), series_.train.back());
        return;
      case ModelId::kSnaive:
        return repeat_cycle(fit);
      case ModelId::kNaive2:
        std::fill(fit.forecast.begin(), fit.forecast.end(), values_.back());
        break;
      case ModelId::kSes:
        extrapolate(ses(), fit);
        break;
      case ModelId::kHolt:
        extrapolate(holt(), fit);
        break;
      case ModelId::kDamped:
        extrapolate(damped(), fit);
        break;
      case ModelId::kTheta:
        theta(fit);
        break;
      case ModelId::kComb:
        comb(fit);
        break;
    }
    reseasonalise(fit.forecast);
  }

 private:
  const SmoothingFit& ses() { return ses_ ? *ses_ : ses_.emplace(fit_ses(values_)); }
  const SmoothingFit& holt() { return holt_ ? *holt_ : holt_.emplace(fit_holt(values_)); }
  const SmoothingFit& damped() { return damped_ ? *damped_ : damped_.emplace(fit_damped(values_)); }

  void repeat_cycle(ModelFit& fit) const {
    const std::size_t m = indices_.size();
    const std::size_t start = series_.train.size() - m;
    for (std::size_t k = 0; k < fit.forecast.size(); ++k) fit.forecast[k] = series_.train[start + k % m];
  }

  static void forecast_into(const SmoothingFit& s, std::span<double> out) {
    double damping = 1;
    double damped_steps = 0;  // phi + phi^2 + ... + phi^k
    for (double& f : out) {
      damping *= s.phi;
      damped_steps += damping;
      f = s.level + damped_steps * s.trend;
    }
  }

  void extrapolate(const SmoothingFit& s, ModelFit& fit) const {
    forecast_into(s, fit.forecast);
    Parameters& p = fit.parameters;
    p.alpha = s.alpha;
    p.level0 = s.level0;
    p.mse = s.sse / static_cast<double>(values_.size());
    if (fit.model == ModelId::kSes) return;
    p.beta = s.beta;
    p.trend0 = s.trend0;
    if (fit.model == ModelId::kDamped) p.phi = s.phi;
  }

  void theta(ModelFit& fit) const {
    const std::size_t n = values_.size();
    const double middle = (static_cast<double>(n) - 1) / 2;
    double mean = 0;
    for (const double y : values_) mean += y / static_cast<double>(n);
    double covariance = 0;
    double variance = 0;
    for (std::size_t t = 0; t < n; ++t) {
      const double from_middle = static_cast<double>(t) - middle;
      covariance += from_middle * (values_[t] - mean);
      variance += from_middle * from_middle;
    }
    const double slope = covariance / variance;
    std::vector<double> curved(n);  // the theta=2 line: twice the distance from the OLS line
    double least = values_[0];
    for (std::size_t t = 0; t < n; ++t) {
      curved[t] = 2 * values_[t] - (mean + slope * (static_cast<double>(t) - middle));
      least = std::min(least, values_[t]);
    }
    const SmoothingFit s = fit_ses(curved);
    for (std::size_t k = 0; k < fit.forecast.size(); ++k) {
      const double line = mean + slope * (static_cast<double>(n + k) - middle);
      fit.forecast[k] = 0.5 * (line + s.level);
      // As in the M4 code; a series that is negative itself may go on so.
      if (least >= 0) fit.forecast[k] = std::max(fit.forecast[k], 0.0);
    }
    fit.parameters.alpha = s.alpha;
    fit.parameters.level0 = s.level0;
    fit.parameters.trend0 = slope;
    fit.parameters.mse = s.sse / static_cast<double>(n);
  }

  void comb(ModelFit& fit) {
    std::vector<double> part(fit.forecast.size());
    for (const SmoothingFit* s : {&ses(), &holt(), &damped()}) {
      forecast_into(*s, part);
      for (std::size_t k = 0; k < part.size(); ++k) fit.forecast[k] += part[k];
    }
    for (double& f : fit.forecast) f /= 3;
  }

  void reseasonalise(std::span<double> forecast) const {
    if (adjustment_ == Adjustment::kNone) return;
    const std::size_t n = series_.train.size();
    for (std::size_t k = 0; k < forecast.size(); ++k) {
      const double index = indices_[(n + k) % indices_.size()];
      forecast[k] = adjustment_ == Adjustment::kMultiplicative ? forecast[k] * index : forecast[k] + index;
    }
  }

  const Series& series_;
  Adjustment adjustment_ = Adjustment::kNone;
  std::vector<double> indices_;  // one for each position of the cycle, the first for train[0]
  std::vector<double> adjusted_;
  std::span<const double> values_;  // what the smoothers see: train or adjusted_
  std::optional<SmoothingFit> ses_, holt_, damped_;
};

/// Why no model at all can be fitted, or empty.
std::string defect_of(const Series& series) {
  if (!series.defect.empty()) return series.defect;
  if (series.horizon < 1) return fmt::format("its horizon is {}; it must be at least 1", series.horizon);
  if (series.season < 1) return fmt::format("its season is {}; it must be at least 1", series.season);
  for (std::size_t t = 0; t < series.train.size(); ++t) {
    if (!std::isfinite(series.train[t])) {
      return fmt::format("training value {} of {} is {}", t + 1, series.train.size(), series.train[t]);
    }
  }
  return {};
}

bool sees_adjusted_values(ModelId model) {
  return model != ModelId::kNaive && model != ModelId::kSnaive;
}

}  // namespace

std::span<const ModelId> all_models() {
  return kAll;
}

std::string_view name(ModelId model) {
  return kNames.at(static_cast<std::size_t>(model));
}

std::string_view name(Adjustment adjustment) {
  switch (adjustment) {
    case Adjustment::kNone:
      return "none";
    case Adjustment::kMultiplicative:
      return "multiplicative";
    case Adjustment::kAdditive:
      return "additive";
  }
  return "unknown";
}

std::vector<ModelId> parse_models(std::string_view list) {
  std::vector<ModelId> models;
  while (true) {
    const std::size_t comma = list.find(',');
    std::string_view word = list.substr(0, comma);
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    if (equal_ignoring_case(word, "all") && models.empty() && comma == std::string_view::npos) {
      return {kAll.begin(), kAll.end()};
    }
    const auto known = std::find_if(kAll.begin(), kAll.end(),
                                    [&](ModelId model) { return equal_ignoring_case(name(model), word); });
    if (known == kAll.end()) {
      throw InputError(
          fmt::format("there is no model \"{}\"; known are: all, {}", word, fmt::join(kNames, ", ")));
    }
    if (std::find(models.begin(), models.end(), *known) != models.end()) {
      throw InputError(fmt::format("model {} is named twice; name each once", name(*known)));
    }
    models.push_back(*known);
    if (comma == std::string_view::npos) return models;
    list.remove_prefix(comma + 1);
  }
}

ForecastSet fit_series(const Series& series, std::span<const ModelId> models) {
  ForecastSet set;
  set.fits.resize(models.size());
  const std::string defect = defect_of(series);
  std::optional<Family> family;
  if (defect.empty()) family.emplace(series);
  if (family && std::any_of(models.begin(), models.end(), sees_adjusted_values))
    set.adjustment = family->adjust();
  for (std::size_t i = 0; i < models.size(); ++i) {
    ModelFit& fit = set.fits[i];
    fit.model = models[i];
    const std::size_t needed = values_min(fit.model, series.season);
    if (!family) {
      fit.failure = defect;
    } else if (series.train.size() < needed) {
      fit.failure =
          fmt::format("has {} training values, {} needs {}", series.train.size(), name(fit.model), needed);
    } else {
      family->fit(fit);
    }
    const bool finite =
        std::all_of(fit.forecast.begin(), fit.forecast.end(), [](double f) { return std::isfinite(f); });
    if (fit.failure.empty() && !finite) {
      fit.failure = fmt::format("the forecast of {} is not finite: its values are too large or too small",
                                name(fit.model));
    }
    if (!fit.failure.empty()) fit.forecast.clear();
  }
  return set;
}

}  // namespace rankine::forecast
