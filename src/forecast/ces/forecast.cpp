// SPDX-License-Identifier: Apache-2.0
// Fits that can be kept, and forecasts from them. The model is linear in its errors, so the variance of a
// forecast is the sum of squares of its responses to one error.
#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "forecast/ces/estimate.hpp"
#include "forecast/intervals/gaussian.hpp"

namespace rankine::forecast::ces {

namespace {

struct Named {
  Form form = Form::kNone;
  int season = 1;
};

Named parse(std::string_view text) {
  for (const Form form : kForms) {
    const std::string head = fmt::format("CES({})", name(form));
    if (!text.starts_with(head)) continue;
    std::string_view rest = text.substr(head.size());
    Named named{form, 1};
    if (form == Form::kNone && rest.empty()) return named;
    if (form == Form::kNone || !rest.starts_with("[") || !rest.ends_with("]")) break;
    rest = rest.substr(1, rest.size() - 2);
    const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), named.season);
    if (result.ec == std::errc() && result.ptr == rest.data() + rest.size() && named.season > 1) return named;
    break;
  }
  throw InputError(fmt::format("\"{}\" is not a form of complex exponential smoothing", text));
}

bool has_plain(Form form) {
  return form != Form::kSimple;
}
bool has_seasonal_potential(Form form) {
  return form == Form::kSimple || form == Form::kFull;
}

State state_of(const Named& named, const Fit& fit) {
  State state;
  auto at = fit.state.begin() + 1;
  if (has_plain(named.form)) {
    state.level = *at++;
    state.potential = *at++;
  }
  if (named.form == Form::kNone) return state;
  state.seasonal_level.assign(at, at + named.season);
  at += named.season;
  if (has_seasonal_potential(named.form)) state.seasonal_potential.assign(at, at + named.season);
  return state;
}

/// Square roots of the sums of squared responses of the forecasts 1..horizon to an error at `now`.
std::vector<double> unit_errors(const Recursion& recursion, State state, std::size_t now,
                                std::size_t horizon) {
  state.level = state.potential = 0;
  std::fill(state.seasonal_level.begin(), state.seasonal_level.end(), 0);
  std::fill(state.seasonal_potential.begin(), state.seasonal_potential.end(), 0);
  recursion.update(state, now, 1);
  std::vector<double> errors;
  double sum = 1;
  for (std::size_t h = 1; h <= horizon; ++h) {
    errors.push_back(std::sqrt(sum));
    const double response = recursion.forecast(state, now + h);
    sum += response * response;
    recursion.update(state, now + h, 0);
  }
  return errors;
}

}  // namespace

std::vector<std::string> parameter_names(std::string_view form) {
  switch (parse(form).form) {
    case Form::kPartial:
      return {"a0", "a1", "b"};
    case Form::kFull:
      return {"a0", "a1", "b0", "b1"};
    default:
      return {"a0", "a1"};
  }
}

Fit make_fit(const Problem& problem, const Estimate& estimate) {
  Fit fit;
  fit.form = fmt::format("CES({})", name(estimate.form));
  if (estimate.form != Form::kNone) fit.form += fmt::format("[{}]", problem.season);
  fit.parameters = estimate.parameters;
  const State& last = estimate.last;
  fit.state.push_back(static_cast<double>(problem.values.size()));
  if (has_plain(estimate.form)) fit.state.insert(fit.state.end(), {last.level, last.potential});
  fit.state.insert(fit.state.end(), last.seasonal_level.begin(), last.seasonal_level.end());
  if (has_seasonal_potential(estimate.form))
    fit.state.insert(fit.state.end(), last.seasonal_potential.begin(), last.seasonal_potential.end());
  fit.loglik = estimate.loglik;
  fit.aicc = estimate.aicc;
  const double room = static_cast<double>(problem.values.size()) - static_cast<double>(fit.parameters.size());
  fit.sigma2 = estimate.sum_squares / std::max(1.0, room);
  fit.evaluations = estimate.evaluations;
  return fit;
}

Prediction predict(const Fit& fit, const Request& request) {
  const Named named = parse(fit.form);
  const Recursion recursion(named.form, named.season, fit.parameters);
  State state = state_of(named, fit);
  const std::size_t now = static_cast<std::size_t>(fit.state[0]) - 1;
  const std::size_t horizon = static_cast<std::size_t>(request.horizon);
  std::vector<double> errors = unit_errors(recursion, state, now, horizon);
  for (double& error : errors) error *= std::sqrt(fit.sigma2);
  Prediction prediction;
  for (std::size_t h = 1; h <= horizon; ++h) {
    prediction.mean.push_back(recursion.forecast(state, now + h));
    recursion.update(state, now + h, 0);
  }
  fill_normal_intervals(prediction, errors, request.levels);
  return prediction;
}

}  // namespace rankine::forecast::ces
