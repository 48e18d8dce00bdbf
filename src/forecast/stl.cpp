// SPDX-License-Identifier: Apache-2.0
#include "forecast/stl.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace rankine::forecast {

namespace {

/// A smoother of equally spaced values: loess of `length` neighbours and a degree of 0 or 1, computed at
/// every `jump`-th place and linear between them. Places count from 1.
struct Loess {
  int length;
  int degree;
  int jump;

  static Loess of(int length, int degree) { return {length, degree, (length + 9) / 10}; }
};

double tricube(double ratio) {
  const double part = 1 - ratio * ratio * ratio;
  return part * part * part;
}

/// The local fit at `at` from the values at places left..right; `otherwise` where no neighbour has weight.
double local_fit(std::span<const double> y, const Loess& loess, double at, int left, int right,
                 double otherwise, std::vector<double>& weight) {
  const int n = static_cast<int>(y.size());
  double reach = std::max(at - left, right - at);
  if (loess.length > n) reach += (loess.length - n) / 2;
  weight.assign(static_cast<std::size_t>(right - left + 1), 0);
  double sum = 0;
  for (int j = left; j <= right; ++j) {
    const double distance = std::abs(j - at);
    if (distance > 0.999 * reach) continue;
    double& w = weight[static_cast<std::size_t>(j - left)];
    w = distance <= 0.001 * reach ? 1 : tricube(distance / reach);
    sum += w;
  }
  if (sum <= 0) return otherwise;
  for (double& w : weight) w /= sum;
  if (reach > 0 && loess.degree > 0) {
    double centre = 0;
    for (int j = left; j <= right; ++j) centre += weight[static_cast<std::size_t>(j - left)] * j;
    double spread = 0;
    for (int j = left; j <= right; ++j)
      spread += weight[static_cast<std::size_t>(j - left)] * (j - centre) * (j - centre);
    if (std::sqrt(spread) > 0.001 * (n - 1)) {
      const double slope = (at - centre) / spread;
      for (int j = left; j <= right; ++j)
        weight[static_cast<std::size_t>(j - left)] *= slope * (j - centre) + 1;
    }
  }
  return std::inner_product(weight.begin(), weight.end(), y.begin() + (left - 1), 0.0);
}

void fill_between(std::span<double> smooth, int from, int to) {
  const double first = smooth[static_cast<std::size_t>(from - 1)];
  const double step = (smooth[static_cast<std::size_t>(to - 1)] - first) / (to - from);
  for (int j = from + 1; j < to; ++j) smooth[static_cast<std::size_t>(j - 1)] = first + step * (j - from);
}

void smooth(std::span<const double> y, const Loess& loess, std::span<double> result,
            std::vector<double>& weight) {
  const int n = static_cast<int>(y.size());
  if (n < 2) {
    result[0] = y[0];
    return;
  }
  const int jump = std::min(loess.jump, n - 1);
  const int half = (loess.length + 1) / 2;
  int left = 1;
  int right = std::min(loess.length, n);
  const auto fit_at = [&](int i) {
    const std::size_t at = static_cast<std::size_t>(i - 1);
    result[at] = local_fit(y, loess, i, left, right, y[at], weight);
  };
  int last = 1;
  for (int i = 1; i <= n; i += jump) {
    if (loess.length < n) {
      left = std::clamp(i - half + 1, 1, n - loess.length + 1);
      right = left + loess.length - 1;
    }
    fit_at(i);
    if (i > 1) fill_between(result, last, i);
    last = i;
  }
  if (last == n) return;
  fit_at(n);  // with the neighbours of the place before it
  fill_between(result, last, n);
}

void moving_average(std::vector<double>& values, std::size_t length) {
  double sum = std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(length), 0.0);
  const std::size_t count = values.size() - length + 1;
  for (std::size_t i = 0; i < count; ++i) {
    const double leaving = values[i];
    const double entering = i + length < values.size() ? values[i + length] : 0;
    values[i] = sum / static_cast<double>(length);
    sum += entering - leaving;
  }
  values.resize(count);
}

/// Smooths the values of each position in the cycle and extends them by one cycle at both ends.
std::vector<double> smooth_cycles(std::span<const double> detrended, std::size_t period, const Loess& loess) {
  const std::size_t n = detrended.size();
  std::vector<double> cycles(n + 2 * period);
  std::vector<double> values, smoothed, weight;
  for (std::size_t j = 0; j < period; ++j) {
    values.clear();
    for (std::size_t t = j; t < n; t += period) values.push_back(detrended[t]);
    const int k = static_cast<int>(values.size());
    smoothed.resize(values.size());
    smooth(values, loess, smoothed, weight);
    cycles[j] = local_fit(values, loess, 0, 1, std::min(loess.length, k), smoothed.front(), weight);
    for (std::size_t i = 0; i < values.size(); ++i) cycles[(i + 1) * period + j] = smoothed[i];
    cycles[(values.size() + 1) * period + j] =
        local_fit(values, loess, k + 1, std::max(1, k - loess.length + 1), k, smoothed.back(), weight);
  }
  return cycles;
}

int next_odd(double x) {
  const int rounded = static_cast<int>(std::lround(x));
  return rounded % 2 == 0 ? rounded + 1 : rounded;
}

double variance(std::span<const double> values) {
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return sum / (n - 1);
}

}  // namespace

StlParts stl(std::span<const double> y, int period, int window) {
  const std::size_t n = y.size();
  const std::size_t m = static_cast<std::size_t>(period);
  const Loess of_season = Loess::of(window, 0);
  const Loess of_trend = Loess::of(next_odd(std::ceil(1.5 * period / (1 - 1.5 / window))), 1);
  const Loess low_pass = Loess::of(next_odd(period), 1);
  StlParts parts{std::vector<double>(n), std::vector<double>(n)};
  std::vector<double> rest(n), weight;
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t t = 0; t < n; ++t) rest[t] = y[t] - parts.trend[t];
    const std::vector<double> cycles = smooth_cycles(rest, m, of_season);
    std::vector<double> low = cycles;
    moving_average(low, m);
    moving_average(low, m);
    moving_average(low, 3);
    smooth(low, low_pass, rest, weight);
    for (std::size_t t = 0; t < n; ++t) {
      parts.season[t] = cycles[m + t] - rest[t];
      low[t] = y[t] - parts.season[t];
    }
    smooth(low, of_trend, parts.trend, weight);
  }
  return parts;
}

CycleSmoothing cycle_smoothing(std::size_t cycles, int window) {
  const Loess loess = Loess::of(window, 0);
  // Beyond it, what happens at the ends does not depend on how many cycles there are.
  const std::size_t enough = 4 * static_cast<std::size_t>(window);
  const auto of = [&](std::size_t count) {
    CycleSmoothing result;
    std::vector<double> unit(count, 0), smoothed(count), weight;
    for (std::size_t i = 0; i < count; ++i) {
      unit[i] = 1;
      smooth(unit, loess, smoothed, weight);
      unit[i] = 0;
      result.freedom += smoothed[i];
      result.variance_at_end += smoothed.back() * smoothed.back();
    }
    return result;
  };
  if (cycles <= enough) return of(cycles);
  CycleSmoothing result = of(enough);
  result.freedom += (result.freedom - of(enough / 2).freedom) / static_cast<double>(enough - enough / 2) *
                    static_cast<double>(cycles - enough);
  return result;
}

double seasonal_strength(std::span<const double> y, int period) {
  if (period < 2 || y.size() <= 2 * static_cast<std::size_t>(period)) return 0;
  const StlParts parts = stl(y, period, 11);
  std::vector<double> remainder(y.size()), detrended(y.size());
  for (std::size_t t = 0; t < y.size(); ++t) {
    detrended[t] = y[t] - parts.trend[t];
    remainder[t] = detrended[t] - parts.season[t];
  }
  const double whole = variance(detrended);
  return whole > 0 ? std::clamp(1 - variance(remainder) / whole, 0.0, 1.0) : 0;
}

}  // namespace rankine::forecast
