// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/gp/acquisition.hpp"

#include <cmath>
#include <numbers>

namespace rankine::tune {

LogImprovement log_improvement(double mean, double deviation, double best) {
  const double z = (best - mean) / deviation;
  const double log_density = -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi);
  double log_h = 0, density_share = 0, tail_share = 0;  // h = phi + z Phi; phi / h and Phi / h
  if (z > -10) {
    const double density = std::exp(log_density);
    const double tail = 0.5 * std::erfc(-z / std::numbers::sqrt2);
    const double h = density + z * tail;
    log_h = std::log(h);
    density_share = density / h;
    tail_share = tail / h;
  } else {  // asymptotic series of Mills' ratio, relative error below 1e-5
    const double s = 1 / (z * z);
    const double rest = s * (1 - 3 * s + 15 * s * s - 105 * s * s * s);
    log_h = log_density + std::log(rest);
    density_share = 1 / rest;
    tail_share = (1 - rest) / (-z * rest);
  }
  LogImprovement made;
  made.value = std::log(deviation) + log_h;
  made.by_mean = -tail_share / deviation;
  made.by_deviation = density_share / deviation;
  return made;
}

}  // namespace rankine::tune
