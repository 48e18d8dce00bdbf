// SPDX-License-Identifier: Apache-2.0
#include "forecast/intervals/gaussian.hpp"

#include <boost/math/distributions/normal.hpp>

namespace rankine::forecast {

double normal_halfwidth(double level) {
  return boost::math::quantile(boost::math::normal_distribution<double>(), 0.5 + level / 200);
}

void fill_normal_intervals(Prediction& prediction, std::span<const double> deviations,
                           std::span<const double> levels) {
  prediction.lower.clear();
  prediction.upper.clear();
  for (const double level : levels) {
    const double halfwidth = normal_halfwidth(level);
    for (std::size_t k = 0; k < deviations.size(); ++k) {
      prediction.lower.push_back(prediction.mean[k] - halfwidth * deviations[k]);
      prediction.upper.push_back(prediction.mean[k] + halfwidth * deviations[k]);
    }
  }
}

}  // namespace rankine::forecast
