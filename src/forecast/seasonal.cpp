// SPDX-License-Identifier: Apache-2.0
#include "forecast/seasonal.hpp"

#include <cmath>
#include <numeric>

namespace rankine::forecast {

bool is_seasonal(std::span<const double> values, int season) {
  const std::size_t n = values.size();
  const auto m = static_cast<std::size_t>(season);
  if (season < 2 || n < 3 * m) return false;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  std::vector<double> centred(n);
  for (std::size_t t = 0; t < n; ++t) centred[t] = values[t] - mean;
  const auto autocovariance = [&](std::size_t lag) {
    // Four sums, so that the additions need not wait for each other.
    double sum[4] = {};
    std::size_t t = lag;
    for (; t + 4 <= n; t += 4) {
      for (std::size_t k = 0; k < 4; ++k) sum[k] += centred[t + k] * centred[t + k - lag];
    }
    for (; t < n; ++t) sum[0] += centred[t] * centred[t - lag];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
  };
  const double variance = autocovariance(0);
  if (!(variance > 0)) return false;
  double squares = 0;
  for (std::size_t lag = 1; lag < m; ++lag) {
    const double r = autocovariance(lag) / variance;
    squares += r * r;
  }
  const double limit = 1.645 / std::sqrt(static_cast<double>(n)) * std::sqrt(1 + 2 * squares);
  return std::abs(autocovariance(m) / variance) > limit;
}

std::vector<double> seasonal_indices(std::span<const double> values, int season, Adjustment kind) {
  const std::size_t n = values.size();
  const auto m = static_cast<std::size_t>(season);
  const std::size_t half = m / 2;
  std::vector<double> sums(m, 0.0);
  std::vector<int> counts(m, 0);
  for (std::size_t t = half; t + half < n; ++t) {
    double trend = 0;
    for (std::size_t k = t - half; k <= t + half; ++k) trend += values[k];
    // An even cycle has no middle: the two outermost values count half each.
    if (m % 2 == 0) trend -= 0.5 * (values[t - half] + values[t + half]);
    trend /= static_cast<double>(m);
    sums[t % m] += kind == Adjustment::kMultiplicative ? values[t] / trend : values[t] - trend;
    ++counts[t % m];
  }
  for (std::size_t k = 0; k < m; ++k) sums[k] /= counts[k];
  const double mean = std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(m);
  for (double& index : sums) {
    index = kind == Adjustment::kMultiplicative ? index / mean : index - mean;
  }
  return sums;
}

}  // namespace rankine::forecast
