// SPDX-License-Identifier: Apache-2.0
#include "metg_curve.hpp"

#include <algorithm>
#include <cmath>

namespace rankine::bench {

std::optional<double> metg(const Curve& curve, double efficiency) {
  if (curve.empty() || curve.front().efficiency < efficiency) return std::nullopt;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const CurvePoint& above = curve[i - 1];
    const CurvePoint& below = curve[i];
    if (below.efficiency >= efficiency) continue;
    const double part = (above.efficiency - efficiency) / (above.efficiency - below.efficiency);
    return above.granularity_us * std::pow(below.granularity_us / above.granularity_us, part);
  }
  return std::nullopt;
}

Curve sweep(const Measure& measure, const Peak& peak, const SweepSettings& settings) {
  Curve curve;
  const double each_per_us = peak.iterations_per_s / peak.cores * 1e-6;  // of one core
  double expected_us = settings.coarsest_us;
  for (double work_us = settings.coarsest_us; work_us * each_per_us >= 1; work_us /= settings.ratio) {
    const auto iterations = static_cast<std::int64_t>(work_us * each_per_us);
    const double wanted = settings.seconds * 1e6 * peak.cores / std::max(expected_us, work_us);
    const auto tasks = std::min(settings.tasks_max, static_cast<std::int64_t>(wanted));
    const Measured run = measure(iterations, tasks);
    const auto done = static_cast<double>(run.tasks);
    const double rate = done * static_cast<double>(iterations) / run.seconds;
    curve.push_back({run.seconds * 1e6 * peak.cores / done, rate / peak.iterations_per_s});
    if (curve.back().efficiency < settings.stop_below) break;
    expected_us = curve.back().granularity_us / settings.ratio;
  }
  return curve;
}

Curve median_curve(const std::vector<Curve>& curves) {
  Curve middle;
  if (curves.empty()) return middle;
  std::size_t length = curves.front().size();
  for (const Curve& curve : curves) length = std::min(length, curve.size());
  const auto median = [&](std::size_t i, double CurvePoint::*member) {
    std::vector<double> values;
    for (const Curve& curve : curves) values.push_back(curve[i].*member);
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                     values.end());
    return values[values.size() / 2];
  };
  for (std::size_t i = 0; i < length; ++i)
    middle.push_back({median(i, &CurvePoint::granularity_us), median(i, &CurvePoint::efficiency)});
  return middle;
}

}  // namespace rankine::bench
