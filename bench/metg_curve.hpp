// SPDX-License-Identifier: Apache-2.0
// Efficiency against the grain of the tasks, and what Task Bench reads off it: METG(50 %), the smallest task
// granularity at which half of the peak is still reached.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace rankine::bench {

struct CurvePoint {
  double granularity_us = 0;  ///< wall time x cores / tasks
  double efficiency = 0;      ///< work done in a second against the peak
};
using Curve = std::vector<CurvePoint>;  ///< from coarse to fine

/// Where the curve, followed from coarse to fine, first falls below the efficiency; between two points along
/// the logarithm of the granularity. Nothing if it never reaches it, or never falls below.
std::optional<double> metg(const Curve& curve, double efficiency = 0.5);

/// What the cores can do, all at once.
struct Peak {
  int cores = 1;
  double iterations_per_s = 0;  ///< of all of them together
};

/// One run of so many steps of tasks of so many iterations.
struct Measured {
  double seconds = 0;
  std::int64_t tasks = 0;
};
using Measure = std::function<Measured(std::int64_t iterations, std::int64_t tasks)>;

struct SweepSettings {
  double coarsest_us = 128;
  double ratio = 2;          ///< of the iterations from point to point
  double seconds = 0.02;     ///< about so long a point
  double stop_below = 0.15;  ///< efficiency
  std::int64_t tasks_max = 50'000;
};

/// Measures from coarse to fine, until efficiency is low.
Curve sweep(const Measure& measure, const Peak& peak, const SweepSettings& settings);

/// Point by point the median of the sweeps' granularities and efficiencies, as far as all of them go.
Curve median_curve(const std::vector<Curve>& curves);

}  // namespace rankine::bench
