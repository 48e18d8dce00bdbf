// SPDX-License-Identifier: Apache-2.0
// The logarithm of the expected improvement, exact where the improvement itself would be 0 in double
// precision: Ament, Daulton, Eriksson, Balandat, Bakshy, "Unexpected improvements to expected improvement",
// NeurIPS 2023.
#pragma once

namespace rankine::tune {

struct LogImprovement {
  double value = 0;
  double by_mean = 0, by_deviation = 0;  ///< derivatives
};

/// Of a value with this mean and deviation (more than 0) over `best`, where less is better.
LogImprovement log_improvement(double mean, double deviation, double best);

}  // namespace rankine::tune
