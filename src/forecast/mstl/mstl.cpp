// SPDX-License-Identifier: Apache-2.0
#include "forecast/mstl/mstl.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/error.hpp>

#include "forecast/nested.hpp"
#include "forecast/single.hpp"
#include "forecast/stl.hpp"

namespace rankine::forecast {

namespace {

constexpr int window_of(std::size_t period) {  // of the period-th season, in cycles
  return 11 + 4 * static_cast<int>(period);
}

/// What intervals must add to those of the rest: seasons take noise with them, and are not known exactly.
struct SeasonNoise {
  double inflation = 1;  ///< of the variances of the rest
  double variance = 0;   ///< of the seasons that go on, in units of the rest's variance one step ahead
};

SeasonNoise noise_of(const MstlParts& parts, std::size_t n) {
  constexpr double least_left = 0.2;  // of the values, after what the seasons are worth
  SeasonNoise noise;
  double left = 1;
  for (std::size_t i = 0; i < parts.periods.size(); ++i) {
    const auto period = static_cast<std::size_t>(parts.periods[i]);
    const CycleSmoothing smoothing = cycle_smoothing((n + period / 2) / period, window_of(i));
    left -= static_cast<double>(period - 1) * smoothing.freedom / static_cast<double>(n);
    noise.variance += smoothing.variance_at_end;
  }
  noise.inflation = 1 / std::max(left, least_left);
  return noise;
}

/// Moves the bounds away from the means.
void widen(Prediction& prediction, const SeasonNoise& noise) {
  const std::size_t horizon = prediction.mean.size();
  for (auto* bounds : {&prediction.lower, &prediction.upper}) {
    for (std::size_t first = 0; first < bounds->size(); first += horizon) {
      const double nearest = (*bounds)[first] - prediction.mean[0];
      for (std::size_t k = 0; k < horizon; ++k) {
        const double width = (*bounds)[first + k] - prediction.mean[k];
        const double wider = std::hypot(width, std::sqrt(noise.variance) * nearest);
        (*bounds)[first + k] = prediction.mean[k] + std::copysign(std::sqrt(noise.inflation) * wider, width);
      }
    }
  }
}

}  // namespace

MstlParts mstl(std::span<const double> y, std::span<const int> periods) {
  constexpr int passes_of_several = 2;
  MstlParts parts;
  parts.periods.assign(periods.begin(), periods.end());
  std::erase_if(parts.periods,
                [&](int period) { return period < 2 || 2 * static_cast<std::size_t>(period) >= y.size(); });
  std::sort(parts.periods.begin(), parts.periods.end());
  parts.periods.erase(std::unique(parts.periods.begin(), parts.periods.end()), parts.periods.end());
  parts.seasons.assign(parts.periods.size(), std::vector<double>(y.size()));
  parts.adjusted.assign(y.begin(), y.end());
  const int passes = parts.periods.size() > 1 ? passes_of_several : 1;
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t i = 0; i < parts.periods.size(); ++i) {
      auto& season = parts.seasons[i];
      for (std::size_t t = 0; t < y.size(); ++t) parts.adjusted[t] += season[t];
      season = stl(parts.adjusted, parts.periods[i], window_of(i)).season;
      for (std::size_t t = 0; t < y.size(); ++t) parts.adjusted[t] -= season[t];
    }
  }
  return parts;
}

namespace {

class Mstl final : public Model {
 public:
  Mstl(bool logarithms, std::vector<int> periods, ModelPointer rest)
      : logarithms_(logarithms), periods_(std::move(periods)), rest_(std::move(rest)) {}

  std::string name() const override {
    std::string periods;
    for (const int period : periods_) periods += fmt::format("{},", period);
    return fmt::format("{}({}{})", logarithms_ ? "LogMSTL" : "MSTL", periods, rest_->name());
  }
  std::size_t values_min(const Problem& problem) const override {
    return rest_->values_min(rest_of(problem));
  }
  std::vector<std::string> parameter_names(std::string_view form) const override {
    return rest_->parameter_names(form.substr(std::min(form.find('+') + 1, form.size())));
  }
  bool has_intervals() const override { return rest_->has_intervals(); }

  void fit(std::span<const Problem> problems, std::span<Fit> fits) const override;
  Prediction predict(const Fit& fit, const Request& request) const override;

 private:
  static Problem rest_of(const Problem& problem) {
    Problem rest = problem;
    rest.season = 1;
    rest.seasons = {};
    return rest;
  }

  bool logarithms_;
  std::vector<int> periods_;  ///< empty: those of the problem
  ModelPointer rest_;
};

void Mstl::fit(std::span<const Problem> problems, std::span<Fit> fits) const {
  std::vector<MstlParts> parts(problems.size());
  std::vector<char> logged(problems.size());
  std::vector<Problem> rests(problems.size());
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const Problem& problem = problems[i];
    std::vector<int> periods = periods_;
    if (periods.empty()) periods.assign(problem.seasons.begin(), problem.seasons.end());
    if (periods.empty()) periods.push_back(problem.season);
    std::vector<double> y(problem.values.begin(), problem.values.end());
    logged[i] = logarithms_ && std::all_of(y.begin(), y.end(), [](double value) { return value > 0; });
    if (logged[i] != 0)
      for (double& value : y) value = std::log(value);
    parts[i] = mstl(y, periods);
    rests[i] = rest_of(problem);
    rests[i].values = parts[i].adjusted;
  }
  fit_sound(*rest_, rests, fits);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    Fit& fit = fits[i];
    if (!fit.failure.empty()) continue;
    const SeasonNoise noise = noise_of(parts[i], problems[i].values.size());
    std::vector<double> state{static_cast<double>(logged[i]), noise.inflation, noise.variance,
                              static_cast<double>(parts[i].periods.size())};
    for (std::size_t k = 0; k < parts[i].periods.size(); ++k) {
      const auto& season = parts[i].seasons[k];
      state.push_back(parts[i].periods[k]);
      state.insert(state.end(), season.end() - parts[i].periods[k], season.end());
    }
    save_fit(fit, state);
    fit.state = std::move(state);
    fit.form = fmt::format("{}({})+{}", logged[i] != 0 ? "LogMSTL" : "MSTL", fmt::join(parts[i].periods, ","),
                           fit.form);
    if (logged[i] != 0) {  // the density of the values, not of their logarithms
      double jacobian = 0;
      for (const double value : problems[i].values) jacobian += std::log(value);
      fit.loglik -= jacobian;
      fit.aicc += 2 * jacobian;
    }
  }
}

Prediction Mstl::predict(const Fit& fit, const Request& request) const {
  std::span<const double> state = fit.state;
  const bool logged = state[0] != 0;
  const SeasonNoise noise{state[1], state[2]};
  const auto count = static_cast<std::size_t>(state[3]);
  state = state.subspan(4);
  std::vector<double> season(static_cast<std::size_t>(std::max(request.horizon, 0)));
  for (std::size_t i = 0; i < count; ++i) {
    const auto period = static_cast<std::size_t>(state[0]);
    for (std::size_t k = 0; k < season.size(); ++k) season[k] += state[1 + k % period];
    state = state.subspan(1 + period);
  }
  Prediction prediction = rest_->predict(load_fit(state), request);
  if (!season.empty()) widen(prediction, noise);
  for (auto* values : {&prediction.mean, &prediction.lower, &prediction.upper}) {
    for (std::size_t k = 0; k < values->size(); ++k) {
      double& value = (*values)[k];
      value += season[k % season.size()];
      if (logged) value = std::exp(value);
    }
  }
  require_finite(prediction, *this);
  return prediction;
}

ModelPointer made(bool logarithms, Arguments arguments) {
  std::vector<int> periods;
  ModelPointer rest;
  for (const std::string_view argument : arguments) {
    if (rest != nullptr) throw InputError("MSTL(m1,m2,...,model): the model comes last");
    if (!argument.empty() && std::isdigit(static_cast<unsigned char>(argument.front())) != 0) {
      periods.push_back(whole_number(argument, 2, "a cycle of MSTL"));
    } else {
      rest = make_model(argument);
    }
  }
  std::sort(periods.begin(), periods.end());
  return std::make_shared<Mstl>(logarithms, periods, rest != nullptr ? rest : make_model("AutoETS"));
}

}  // namespace

ModelPointer make_mstl(Arguments arguments) {
  return made(false, arguments);
}
ModelPointer make_log_mstl(Arguments arguments) {
  return made(true, arguments);
}

}  // namespace rankine::forecast
