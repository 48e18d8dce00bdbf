// SPDX-License-Identifier: Apache-2.0
#include "forecast/ets/recursion.hpp"

#include <algorithm>
#include <cmath>

namespace rankine::forecast::ets {

Pass run(Form form, std::span<const double> values, const Point& start) {
  Pass pass;
  Point& x = pass.end = start;
  const std::size_t m = std::max<std::size_t>(1, x.season.size());
  double logs = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    const double y = values[t];
    double none = 0;
    double& season = has_season(form) ? x.season[t % m] : none;
    const bool ratio = form.season == Season::multiplicative;
    const double damped = x.phi * x.trend;
    const double q = x.level + damped;
    const double f = ratio ? q * season : q + season;
    const double error = form.error == Error::additive ? y - f : (y - f) / f;
    const double surprise = (ratio ? y / season : y - season) - q;
    x.level = q + x.alpha * surprise;
    if (has_trend(form)) x.trend = damped + x.beta * surprise;
    season += x.gamma * ((ratio ? y / q : y - q) - season);
    pass.squares += error * error;
    pass.sum += error;
    logs += std::log(std::abs(f));
  }
  // In the order of use after the last value.
  if (has_season(form)) {
    std::rotate(x.season.begin(), x.season.begin() + static_cast<std::ptrdiff_t>(values.size() % m),
                x.season.end());
  }
  pass.minus_2_loglik = static_cast<double>(values.size()) * std::log(pass.squares);
  if (form.error == Error::multiplicative) pass.minus_2_loglik += 2 * logs;
  return pass;
}

}  // namespace rankine::forecast::ets
