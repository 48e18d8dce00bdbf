// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/filter.hpp"

#include <cmath>
#include <cstddef>

#include "forecast/arima/autocovariance.hpp"

namespace rankine::forecast::arima {

Filtered filter(const Orders& orders, const Expanded& process, std::span<const double> values) {
  const std::size_t r = static_cast<std::size_t>(orders.states());
  std::vector<double> gain(r + 1, 0), change(r + 1, 0), state(r + 1, 0);
  const std::vector<int> ar_lags = lags(orders.p, orders.P, orders.m);
  const std::vector<int> ma_lags = lags(orders.q, orders.Q, orders.m);
  StartSpace space;
  double variance =
      stationary_start({process.phi, process.theta, ar_lags, ma_lags}, space, std::span(gain).first(r));
  change = gain;
  double factor = -1 / variance;
  Filtered result;
  for (const double value : values) {
    const double first = state[0];
    const double error = value - first;
    result.sum_squares += error * error / variance;
    result.log_determinant += std::log(variance);
    const double head = change[0];
    const double raise = factor * head;
    for (std::size_t i = 0; i < r; ++i) {
      const double phi = i + 1 < process.phi.size() ? process.phi[i + 1] : 0;
      state[i] = state[i + 1] + phi * first + gain[i] / variance * error;
      const double moved = change[i + 1] + phi * head;
      change[i] = moved - gain[i] * head / variance;
      gain[i] += moved * raise;
    }
    const double next = variance + raise * head;
    factor *= variance / next;
    variance = next;
  }
  state.resize(r);
  result.state = std::move(state);
  return result;
}

}  // namespace rankine::forecast::arima
