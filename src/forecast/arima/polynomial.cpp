// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/polynomial.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace rankine::forecast::arima {

namespace {

constexpr double kRootMin = 1.01;

std::vector<double> multiplied(std::span<const double> plain, std::span<const double> seasonal, int m) {
  const std::size_t cycle = static_cast<std::size_t>(m);
  std::vector<double> product(plain.size() + cycle * seasonal.size() + 1, 0);
  const auto of = [](std::span<const double> factor, std::size_t k) { return k == 0 ? 1.0 : factor[k - 1]; };
  for (std::size_t j = 0; j <= seasonal.size(); ++j) {
    for (std::size_t i = 0; i <= plain.size(); ++i) product[j * cycle + i] += of(seasonal, j) * of(plain, i);
  }
  return product;
}

std::vector<double> negated(std::span<const double> values) {
  std::vector<double> result(values.begin(), values.end());
  for (double& value : result) value = -value;
  return result;
}

}  // namespace

void stationary(std::span<const double> shape, std::span<double> a) {
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double partial = 2 * shape[k] / (1 + shape[k] * shape[k]);
    for (std::size_t i = 0; 2 * i < k; ++i) {
      const double low = a[i];
      const double high = a[k - 1 - i];
      a[i] = low - partial * high;
      a[k - 1 - i] = high - partial * low;
    }
    a[k] = partial;
  }
}

bool roots_beyond(std::span<const double> a, double distance) {
  std::vector<double> rest(a.begin(), a.end());
  double power = 1;
  for (double& value : rest) value *= power *= distance;
  for (std::size_t k = rest.size(); k-- > 0;) {
    const double partial = rest[k];
    if (!(std::abs(partial) < 1)) return false;
    const double scale = 1 / (1 - partial * partial);
    for (std::size_t i = 0; 2 * i < k; ++i) {
      const double low = rest[i];
      const double high = rest[k - 1 - i];
      rest[i] = (low + partial * high) * scale;
      rest[k - 1 - i] = (high + partial * low) * scale;
    }
  }
  return true;
}

Factors factors_of(const Orders& orders, std::span<const double> shape) {
  Factors factors;
  std::size_t at = 0;
  const auto take = [&](std::vector<double>& factor, int count, double sign) {
    factor.resize(static_cast<std::size_t>(count));
    stationary(shape.subspan(at, factor.size()), factor);
    for (double& value : factor) value *= sign;
    at += factor.size();
  };
  take(factors.ar, orders.p, 1);
  take(factors.ma, orders.q, -1);
  take(factors.seasonal_ar, orders.P, 1);
  take(factors.seasonal_ma, orders.Q, -1);
  return factors;
}

Expanded expanded(const Orders& orders, const Factors& factors) {
  Expanded result{multiplied(negated(factors.ar), negated(factors.seasonal_ar), orders.m),
                  multiplied(factors.ma, factors.seasonal_ma, orders.m)};
  for (double& value : result.phi) value = -value;
  return result;
}

std::vector<int> lags(int plain, int seasonal, int m) {
  std::vector<int> result;
  for (int j = 0; j <= seasonal; ++j) {
    for (int i = j == 0 ? 1 : 0; i <= plain; ++i) result.push_back(j * m + i);
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

bool roots_are_far(const Orders& orders, const Factors& factors) {
  const double seasonal = std::pow(kRootMin, orders.m);
  return roots_beyond(factors.ar, kRootMin) && roots_beyond(negated(factors.ma), kRootMin) &&
         roots_beyond(factors.seasonal_ar, seasonal) && roots_beyond(negated(factors.seasonal_ma), seasonal);
}

}  // namespace rankine::forecast::arima
