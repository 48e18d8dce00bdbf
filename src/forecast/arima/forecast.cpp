// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/forecast.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>

#include "forecast/arima/filter.hpp"
#include "forecast/intervals/gaussian.hpp"

namespace rankine::forecast::arima {

namespace {

Factors factors_of_fit(const Orders& orders, const Fit& fit) {
  Factors factors;
  auto at = fit.parameters.begin();
  const auto take = [&](std::vector<double>& factor, int count) {
    factor.assign(at, at + count);
    at += count;
  };
  take(factors.ar, orders.p);
  take(factors.ma, orders.q);
  take(factors.seasonal_ar, orders.P);
  take(factors.seasonal_ma, orders.Q);
  return factors;
}

/// What the regression adds at `time` (1 for the first value of the series).
double regression_at(const Orders& orders, std::span<const double> coefficients, double time,
                     std::span<const double> row) {
  double sum = 0;
  std::size_t i = 0;
  if (orders.has_constant()) sum += coefficients[i++] * (orders.d + orders.D == 0 ? 1 : time);
  for (const double x : row) sum += coefficients[i++] * x;
  return sum;
}

std::span<const double> row_of(std::span<const double> rows, const Orders& orders, std::size_t row) {
  const std::size_t width = static_cast<std::size_t>(orders.columns);
  return rows.subspan(row * width, width);
}

}  // namespace

Fit make_fit(const Problem& problem, const Orders& orders, const Estimate& estimate, double aicc) {
  Fit fit;
  fit.failure = estimate.failure;
  if (!fit.failure.empty()) return fit;
  fit.form = form(orders);
  const Factors& f = estimate.factors;
  for (const auto* part : {&f.ar, &f.ma, &f.seasonal_ar, &f.seasonal_ma, &estimate.regression})
    fit.parameters.insert(fit.parameters.end(), part->begin(), part->end());
  const std::size_t n = problem.values.size();
  std::vector<double> rest(problem.values.begin(), problem.values.end());
  for (std::size_t t = 0; t < n; ++t)
    rest[t] -= regression_at(orders, estimate.regression, static_cast<double>(t + 1),
                             row_of(problem.exogenous, orders, t));
  fit.state.push_back(static_cast<double>(n));
  const Filtered filtered = filter(orders, expanded(orders, f), differenced(rest, orders));
  fit.state.insert(fit.state.end(), filtered.state.begin(), filtered.state.end());
  fit.state.insert(fit.state.end(), rest.end() - orders.lost(), rest.end());
  fit.loglik = estimate.loglik;
  fit.aicc = aicc;
  const double room = static_cast<double>(n) - orders.lost() - orders.counted() + 1;
  fit.sigma2 = estimate.sum_squares / std::max(1.0, room);
  return fit;
}

std::vector<double> unit_errors(const Orders& orders, const Factors& factors, int horizon) {
  const Expanded process = expanded(orders, factors);
  const std::vector<double> differences = differencing(orders);
  std::vector<double> phi(process.phi.size() + differences.size(), 0);  // of phi(B) (1 - B)^d (1 - B^m)^D
  for (std::size_t i = 0; i < process.phi.size(); ++i) {
    const double a = i == 0 ? -1 : process.phi[i];
    for (std::size_t j = 0; j <= differences.size(); ++j)
      phi[i + j] -= a * (j == 0 ? -1 : differences[j - 1]);
  }
  std::vector<double> psi(static_cast<std::size_t>(horizon));
  std::vector<double> errors(psi.size());
  double sum = 0;
  for (std::size_t k = 0; k < psi.size(); ++k) {
    psi[k] = k < process.theta.size() ? process.theta[k] : 0;
    for (std::size_t j = 1; j <= std::min(k, phi.size() - 1); ++j) psi[k] += phi[j] * psi[k - j];
    sum += psi[k] * psi[k];
    errors[k] = std::sqrt(sum);
  }
  return errors;
}

Prediction predict(const Fit& fit, const Request& request) {
  const Orders orders = parse_form(fit.form);
  const Factors factors = factors_of_fit(orders, fit);
  const Expanded process = expanded(orders, factors);
  const std::vector<double> differences = differencing(orders);
  const std::size_t r = static_cast<std::size_t>(orders.states());
  const std::size_t horizon = static_cast<std::size_t>(request.horizon);
  Prediction prediction;
  if (request.exogenous.size() < horizon * static_cast<std::size_t>(orders.columns)) {
    prediction.failure =
        fmt::format("forecasting {} steps needs as many rows of {} columns", request.horizon, orders.columns);
    return prediction;
  }
  std::vector<double> state(fit.state.begin() + 1, fit.state.begin() + 1 + static_cast<std::ptrdiff_t>(r));
  state.push_back(0);
  std::vector<double> level(fit.state.begin() + 1 + static_cast<std::ptrdiff_t>(r), fit.state.end());
  const std::span<const double> regression =
      std::span(fit.parameters).subspan(static_cast<std::size_t>(orders.coefficients()));
  for (std::size_t h = 0; h < horizon; ++h) {
    const double first = state[0];
    double value = first;
    for (std::size_t k = 0; k < differences.size(); ++k)
      value += differences[k] * level[level.size() - 1 - k];
    level.push_back(value);
    prediction.mean.push_back(value + regression_at(orders, regression,
                                                    fit.state[0] + static_cast<double>(h + 1),
                                                    row_of(request.exogenous, orders, h)));
    for (std::size_t i = 0; i < r; ++i)
      state[i] = state[i + 1] + (i + 1 < process.phi.size() ? process.phi[i + 1] * first : 0);
  }
  std::vector<double> errors = unit_errors(orders, factors, request.horizon);
  for (double& error : errors) error *= std::sqrt(fit.sigma2);
  fill_normal_intervals(prediction, errors, request.levels);
  return prediction;
}

}  // namespace rankine::forecast::arima
