// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/autocovariance.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace rankine::forecast::arima {

namespace {

std::size_t at(int lag) {
  return static_cast<std::size_t>(lag);
}

/// Autocovariances 0..count-1 of the autoregression, by Levinson's recursion run down to the partial
/// autocorrelations and up again. False when it is not stationary.
bool autoregressive_covariances(const Process& process, std::size_t count, StartSpace& space) {
  const std::size_t p = process.phi.size() - 1;
  std::vector<double>& gamma = space.ar_covariance;
  gamma.assign(std::max(count, p + 1), 0);
  std::vector<double>& rows = space.predictors;  // the predictor of order k begins at k (k - 1) / 2
  rows.resize(p * (p + 1) / 2);
  const auto row = [&](std::size_t k) { return rows.data() + k * (k - 1) / 2; };
  std::copy(process.phi.begin() + 1, process.phi.end(), p > 0 ? row(p) : rows.data());
  double variance = 1;
  for (std::size_t k = p; k > 0; --k) {
    const double* now = row(k);
    const double partial = now[k - 1];
    const double left = 1 - partial * partial;
    if (!(left > 0)) return false;
    variance /= left;
    if (k == 1) break;
    double* shorter = row(k - 1);
    for (std::size_t i = 0; i + 1 < k; ++i) shorter[i] = (now[i] + partial * now[k - 2 - i]) / left;
  }
  gamma[0] = variance;
  for (std::size_t k = 1; k <= p; ++k) {
    const double partial = row(k)[k - 1];
    double sum = partial * variance;
    for (std::size_t i = 1; i < k; ++i) sum += row(k - 1)[i - 1] * gamma[k - i];
    gamma[k] = sum;
    variance *= 1 - partial * partial;
  }
  for (std::size_t k = p + 1; k < count; ++k) {
    double sum = 0;
    for (const int lag : process.ar_lags) sum += process.phi[at(lag)] * gamma[k - at(lag)];
    gamma[k] = sum;
  }
  return true;
}

/// Autocovariances 0..p of the whole process from those of its autoregression.
void whole_covariances(const Process& process, StartSpace& space) {
  const std::size_t p = process.phi.size() - 1;
  const std::size_t q = process.theta.size() - 1;
  std::vector<double>& products = space.ma_products;  // sum_i theta_i theta_{i+l}
  products.assign(q + 1, 0);
  const std::size_t terms = process.ma_lags.size() + 1;
  const auto lag = [&](std::size_t i) { return i == 0 ? std::size_t{0} : at(process.ma_lags[i - 1]); };
  for (std::size_t i = 0; i < terms; ++i) {
    for (std::size_t j = i; j < terms; ++j)
      products[lag(j) - lag(i)] += process.theta[lag(i)] * process.theta[lag(j)];
  }
  const std::vector<double>& gamma = space.ar_covariance;
  space.covariance.assign(p + 1, 0);
  for (std::size_t l = 0; l <= q; ++l) {
    if (products[l] == 0) continue;
    for (std::size_t k = 0; k <= p; ++k) {
      const double pair = l == 0 ? gamma[k] : gamma[k > l ? k - l : l - k] + gamma[k + l];
      space.covariance[k] += products[l] * pair;
    }
  }
}

}  // namespace

double stationary_start(const Process& process, StartSpace& space, std::span<double> gain) {
  const std::size_t p = process.phi.size() - 1;
  const std::size_t q = process.theta.size() - 1;
  if (!autoregressive_covariances(process, p + q + 1, space)) return std::numeric_limits<double>::quiet_NaN();
  whole_covariances(process, space);
  std::vector<double>& psi = space.psi;
  psi.assign(q + 1, 0);
  for (std::size_t k = 0; k <= q; ++k) {
    psi[k] = process.theta[k];
    for (const int lag : process.ar_lags) {
      if (at(lag) > k) break;
      psi[k] += process.phi[at(lag)] * psi[k - at(lag)];
    }
  }
  std::vector<double>& states = space.states;  // cov(a[i], w), i = 1..r
  const std::size_t r = gain.size();
  states.assign(r + 1, 0);
  for (const int lag : process.ar_lags) {
    for (std::size_t i = 1; i < std::min(r, at(lag)); ++i)
      states[i] += process.phi[at(lag)] * space.covariance[at(lag) - i];
  }
  for (const int lag : process.ma_lags) {
    for (std::size_t i = 1; i <= at(lag); ++i) states[i] += process.theta[at(lag)] * psi[at(lag) - i];
  }
  for (std::size_t i = 0; i < r; ++i) {
    gain[i] = states[i + 1];
    if (i + 1 <= p) gain[i] += process.phi[i + 1] * space.covariance[0];
  }
  return space.covariance[0];
}

}  // namespace rankine::forecast::arima
