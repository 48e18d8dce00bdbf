// SPDX-License-Identifier: Apache-2.0
#include "forecast/single.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::forecast {

namespace {

bool finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

/// 1 for every series that a user has; else the power of two next to the largest value, by which division is
/// exact.
double scale_of(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  if (largest == 0 || (largest < 1e60 && largest > 1e-60)) return 1;
  return std::ldexp(1.0, std::ilogb(largest));
}

void scale_up(std::vector<double>& values, double scale) {
  for (double& value : values) value *= scale;
}

template <class Number>
Number parsed(std::string_view text, std::string_view what) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    throw InputError(fmt::format("{} is \"{}\", which is no number", what, text));
  return number;
}

}  // namespace

std::string defect_of(const Model& model, const Problem& problem) {
  const auto values = problem.values;
  const auto wrong =
      std::find_if(values.begin(), values.end(), [](double value) { return !std::isfinite(value); });
  if (wrong != values.end())
    return fmt::format("training value {} of {} is {}", wrong - values.begin() + 1, values.size(), *wrong);
  if (problem.season < 1) return fmt::format("its season is {}; it must be at least 1", problem.season);
  if (problem.exogenous.size() != values.size() * static_cast<std::size_t>(std::max(problem.columns, 0)))
    return fmt::format("has {} exogenous values, not {} columns for each of {} training values",
                       problem.exogenous.size(), problem.columns, values.size());
  if (!finite(problem.exogenous)) return "an exogenous value is not finite";
  const std::size_t needed = std::max<std::size_t>(model.values_min(problem), 1);
  if (values.size() < needed) return too_few_values(values.size(), model.name(), needed);
  return {};
}

std::string too_few_values(std::size_t values, std::string_view model, std::size_t needed) {
  return fmt::format("has {} training values, {} needs {}", values, model, needed);
}

void require_finite(Prediction& prediction, const Model& model) {
  if (!prediction.failure.empty()) return;
  if (finite(prediction.mean) && finite(prediction.lower) && finite(prediction.upper)) return;
  prediction = {};
  prediction.failure =
      fmt::format("the forecast of {} is not finite: its values are too large or too small", model.name());
}

void fit_sound(const Model& model, std::span<const Problem> problems, std::span<Fit> fits) {
  std::vector<Problem> sound;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    fits[i] = {};
    fits[i].failure = defect_of(model, problems[i]);
    if (!fits[i].failure.empty()) continue;
    sound.push_back(problems[i]);
    places.push_back(i);
  }
  std::vector<Fit> made(sound.size());
  model.fit(sound, made);
  for (std::size_t k = 0; k < made.size(); ++k) fits[places[k]] = std::move(made[k]);
}

void SingleModel::fit(std::span<const Problem> problems, std::span<Fit> fits) const {
  std::vector<double> scaled;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    Fit& fit = fits[i];
    fit = {};
    fit.failure = defect_of(*this, problems[i]);
    if (!fit.failure.empty()) continue;
    Problem problem = problems[i];
    const double scale = scale_of(problem.values);
    if (scale != 1) {
      scaled.assign(problem.values.begin(), problem.values.end());
      for (double& value : scaled) value /= scale;
      problem.values = scaled;
    }
    fit = fit_values(problem);
    const double shift = static_cast<double>(problem.values.size()) * std::log(scale);
    fit.loglik -= shift;
    fit.aicc += 2 * shift;
    if (fit.failure.empty() && !finite(fit.state)) {
      fit.failure = fmt::format("{} found no finite parameters", name());
    }
    if (!fit.failure.empty()) {
      Fit failed;
      failed.failure = fit.failure;
      fit = std::move(failed);
      continue;
    }
    fit.state.push_back(scale);  // read again by predict()
  }
}

Prediction SingleModel::predict(const Fit& fit, const Request& request) const {
  const bool levels_are_percent = std::all_of(request.levels.begin(), request.levels.end(),
                                              [](double level) { return level > 0 && level < 100; });
  if (request.horizon < 1 || !levels_are_percent) {
    Prediction refused;
    refused.failure = "a forecast needs a horizon of at least 1 and levels between 0 and 100 percent";
    return refused;
  }
  Fit inner = fit;
  const double scale = inner.state.back();
  inner.state.pop_back();
  Prediction prediction = predict_values(inner, request);
  if (scale != 1) {
    scale_up(prediction.mean, scale);
    scale_up(prediction.lower, scale);
    scale_up(prediction.upper, scale);
  }
  require_finite(prediction, *this);
  return prediction;
}

std::vector<std::string> SingleModel::parameter_names(std::string_view /*form*/) const {
  return {};
}

void require_no_arguments(Arguments arguments, std::string_view usage) {
  if (!arguments.empty()) throw InputError(fmt::format("{} takes no arguments", usage));
}

int whole_number(std::string_view text, int least, std::string_view what) {
  const int number = parsed<int>(text, what);
  if (number < least) throw InputError(fmt::format("{} is {}; it must be at least {}", what, number, least));
  return number;
}

double number_between(std::string_view text, double low, double high, std::string_view what) {
  const auto number = parsed<double>(text, what);
  if (!(number >= low && number <= high))
    throw InputError(fmt::format("{} is {}; it must lie in {} .. {}", what, text, low, high));
  return number;
}

}  // namespace rankine::forecast
