// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>

#include <rankine/forecast/metrics.hpp>

namespace rankine::forecast {

namespace {
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

double finite_or_undefined(double value) {
  return std::isfinite(value) ? value : kUndefined;
}
}  // namespace

double smape(std::span<const double> actual, std::span<const double> forecast) {
  if (actual.empty() || actual.size() != forecast.size()) return kUndefined;
  double sum = 0;
  for (std::size_t k = 0; k < actual.size(); ++k) {
    const double size = std::abs(actual[k]) + std::abs(forecast[k]);
    if (size != 0) sum += 200 * (std::abs(actual[k] - forecast[k]) / size);
  }
  return finite_or_undefined(sum / static_cast<double>(actual.size()));
}

double mase_scale(std::span<const double> train, int season) {
  if (season < 1 || train.size() <= static_cast<std::size_t>(season)) return kUndefined;
  const auto lag = static_cast<std::size_t>(season);
  double sum = 0;
  for (std::size_t t = lag; t < train.size(); ++t) sum += std::abs(train[t] - train[t - lag]);
  return sum / static_cast<double>(train.size() - lag);
}

double mase(std::span<const double> actual, std::span<const double> forecast, double scale) {
  if (actual.empty() || actual.size() != forecast.size() || !(scale > 0)) return kUndefined;
  double sum = 0;
  for (std::size_t k = 0; k < actual.size(); ++k) sum += std::abs(actual[k] - forecast[k]);
  return finite_or_undefined(sum / static_cast<double>(actual.size()) / scale);
}

double msis(std::span<const double> actual, std::span<const double> lower, std::span<const double> upper,
            double level, double scale) {
  const std::size_t h = actual.size();
  if (h == 0 || lower.size() != h || upper.size() != h || !(scale > 0)) return kUndefined;
  if (!(level > 0 && level < 100)) return kUndefined;
  const double penalty = 2 / (1 - level / 100);
  double sum = 0;
  for (std::size_t k = 0; k < h; ++k) {
    sum += upper[k] - lower[k];
    if (actual[k] < lower[k]) sum += penalty * (lower[k] - actual[k]);
    if (actual[k] > upper[k]) sum += penalty * (actual[k] - upper[k]);
  }
  return finite_or_undefined(sum / static_cast<double>(h) / scale);
}

double coverage(std::span<const double> actual, std::span<const double> lower,
                std::span<const double> upper) {
  const std::size_t h = actual.size();
  if (h == 0 || lower.size() != h || upper.size() != h) return kUndefined;
  double inside = 0;
  for (std::size_t k = 0; k < h; ++k) inside += actual[k] >= lower[k] && actual[k] <= upper[k] ? 1 : 0;
  return inside / static_cast<double>(h);
}

}  // namespace rankine::forecast
