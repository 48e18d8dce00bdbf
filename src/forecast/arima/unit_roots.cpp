// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/unit_roots.hpp"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "forecast/stl.hpp"

namespace rankine::forecast::arima {

bool is_constant(std::span<const double> values) {
  constexpr double kTolerance = 1.5e-8;
  double distance = 0;
  for (const double v : values) distance += std::abs(v - values[0]);
  const double mean = distance / static_cast<double>(values.size());
  const double level = std::abs(values[0]);
  return !(mean > (level > kTolerance ? level * kTolerance : kTolerance));
}

double kpss_statistic(std::span<const double> values) {
  const std::size_t n = values.size();
  const double size = static_cast<double>(n);
  const std::size_t lags = static_cast<std::size_t>(3 * std::sqrt(size) / 13);
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / size;
  std::vector<double> rest;
  for (const double v : values) rest.push_back(v - mean);
  double sum = 0;
  double above = 0;
  for (const double e : rest) {
    sum += e;
    above += sum * sum;
  }
  double below = std::inner_product(rest.begin(), rest.end(), rest.begin(), 0.0) / size;
  for (std::size_t k = 1; k <= lags && k < n; ++k) {
    const double weight = 1 - static_cast<double>(k) / static_cast<double>(lags + 1);
    const auto begin = rest.begin() + static_cast<std::ptrdiff_t>(k);
    below += 2 / size * weight * std::inner_product(begin, rest.end(), rest.begin(), 0.0);
  }
  return above / (size * size) / below;
}

int differences(std::span<const double> values) {
  constexpr int kMax = 2;
  constexpr double kFivePercent = 0.463;
  std::vector<double> rest(values.begin(), values.end());
  int d = 0;
  while (!is_constant(rest)) {
    const double statistic = kpss_statistic(rest);
    if (std::isnan(statistic)) return d > 0 ? d - 1 : 0;
    if (!(statistic > kFivePercent) || d == kMax) return d;
    for (std::size_t t = 0; t + 1 < rest.size(); ++t) rest[t] = rest[t + 1] - rest[t];
    rest.pop_back();
    ++d;
  }
  return d;
}

int seasonal_differences(std::span<const double> values, int season) {
  constexpr double kStrong = 0.64;
  if (season < 2 || values.size() <= 2 * static_cast<std::size_t>(season) || is_constant(values)) return 0;
  return seasonal_strength(values, season) > kStrong ? 1 : 0;
}

}  // namespace rankine::forecast::arima
