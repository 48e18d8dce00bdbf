// SPDX-License-Identifier: Apache-2.0
// The smoothers against the plain recursion written down a second time: their errors are what they say, and
// no small step of a parameter inside the bounds makes the errors smaller.
#include "forecast/smoothing.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <rankine/core/philox.hpp>

#include "catch.hpp"

namespace {

using namespace rankine::forecast;

std::vector<double> wandering(std::size_t n, double drift, std::uint64_t seed) {
  rankine::Philox random(seed, 7);
  std::vector<double> y;
  double level = 500;
  for (std::size_t t = 0; t < n; ++t) {
    const double e = 10 * random.normal();
    y.push_back(level + e);
    level += drift + 0.4 * e;
  }
  return y;
}

struct Run {
  double sse, level, trend;
};

Run recursion(const std::vector<double>& values, double alpha, double beta, double phi, double level,
              double trend) {
  double sse = 0;
  for (const double y : values) {
    const double e = y - (level + phi * trend);
    level = level + phi * trend + alpha * e;
    trend = phi * trend + beta * e;
    sse += e * e;
  }
  return {sse, level, trend};
}

using Fitter = SmoothingFit (*)(std::span<const double>);

void check_consistent(const std::vector<double>& y, const SmoothingFit& fit) {
  const Run plain = recursion(y, fit.alpha, fit.beta, fit.phi, fit.level0, fit.trend0);
  CHECK(plain.sse == Approx(fit.sse).epsilon(1e-9));
  CHECK(plain.level == Approx(fit.level).epsilon(1e-9));
  CHECK(plain.trend == Approx(fit.trend).epsilon(1e-6).margin(1e-9));
  CHECK(fit.alpha >= 1e-4);
  CHECK(fit.alpha <= 0.9999);
}

/// No nearby point inside the bounds is better by more than `slack` (relative).
void check_minimum(const std::vector<double>& y, const SmoothingFit& f, bool trend, bool damped,
                   double slack) {
  const double at[5] = {f.alpha, f.beta, f.phi, f.level0, f.trend0};
  const double step[5] = {1e-3, 1e-3, 1e-3, 1e-1, 1e-2};
  for (int k = 0; k < 5; ++k) {
    if ((!trend && (k == 1 || k == 4)) || (!damped && k == 2)) continue;
    for (const double sign : {-1.0, 1.0}) {
      double p[5];
      std::copy_n(at, 5, p);
      p[k] += sign * step[k];
      const bool inside = p[0] >= 1e-4 && p[0] <= 0.9999 && (!trend || (p[1] >= 1e-4 && p[1] <= p[0])) &&
                          (!damped || (p[2] >= 0.8 && p[2] <= 0.98));
      if (!inside) continue;
      INFO("variable " << k << " moved by " << sign * step[k]);
      CHECK(recursion(y, p[0], p[1], p[2], p[3], p[4]).sse >= f.sse * (1 - slack));
    }
  }
}

TEST_CASE("SES reports the recursion's errors and sits in a minimum") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto y = wandering(60, 0, seed);
    const SmoothingFit fit = fit_ses(y);
    check_consistent(y, fit);
    check_minimum(y, fit, false, false, 1e-5);
    CHECK(fit.beta == 0);
    CHECK(fit.phi == 1);
  }
}

TEST_CASE("Holt reports the recursion's errors and sits in a minimum") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto y = wandering(80, 3, seed);
    const SmoothingFit fit = fit_holt(y);
    check_consistent(y, fit);
    check_minimum(y, fit, true, false, 1e-6);
    CHECK(fit.beta >= 0.99e-4);
    CHECK(fit.beta <= fit.alpha);
  }
}

TEST_CASE("Damped reports the recursion's errors and sits in a minimum") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto y = wandering(80, 3, seed);
    const SmoothingFit fit = fit_damped(y);
    check_consistent(y, fit);
    check_minimum(y, fit, true, true, 1e-6);
    CHECK(fit.phi >= 0.8);
    CHECK(fit.phi <= 0.98);
  }
}

TEST_CASE("The initial states of the trend models are the least-squares ones for their weights") {
  // With weights fixed the errors are linear in (level0, trend0): solve the 2 x 2 normal equations from three
  // runs.
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto y = wandering(50, 2, seed);
    const SmoothingFit f = fit_holt(y);
    const auto errors = [&](double level, double trend) {
      std::vector<double> e;
      for (const double v : y) {
        e.push_back(v - level - trend);
        level += trend + f.alpha * e.back();
        trend += f.beta * e.back();
      }
      return e;
    };
    const auto base = errors(f.level0, f.trend0);
    const auto by_level = errors(f.level0 + 1, f.trend0);
    const auto by_trend = errors(f.level0, f.trend0 + 1);
    double ll = 0, lt = 0, tt = 0, le = 0, te = 0;
    for (std::size_t t = 0; t < y.size(); ++t) {
      const double l = by_level[t] - base[t];
      const double b = by_trend[t] - base[t];
      ll += l * l, lt += l * b, tt += b * b, le += l * base[t], te += b * base[t];
    }
    const double level_left = (le * tt - te * lt) / (ll * tt - lt * lt);
    const double trend_left = (te * ll - le * lt) / (ll * tt - lt * lt);
    CHECK(std::abs(level_left) < 0.05);  // the unit of y is 500
    CHECK(std::abs(trend_left) < 0.01);
  }
}

TEST_CASE("A noise-free line is continued by Holt, a constant by all") {
  std::vector<double> line;
  for (int t = 0; t < 30; ++t) line.push_back(20 + 3.0 * t);
  const SmoothingFit holt = fit_holt(line);
  CHECK(holt.level + holt.trend == Approx(20 + 3.0 * 30).epsilon(1e-6));
  CHECK(holt.sse < 1e-6);
  const std::vector<double> constant(20, 5.0);
  for (const Fitter fitter : {&fit_ses, &fit_holt, &fit_damped}) {
    const SmoothingFit fit = fitter(constant);
    CHECK(fit.level == 5);
    CHECK(fit.trend == 0);
    CHECK(fit.sse == 0);
  }
}

TEST_CASE("The trend models do not depend on the unit of the series") {
  auto y = wandering(60, 3, 5);
  for (const Fitter fitter : {&fit_holt, &fit_damped}) {
    const SmoothingFit fit = fitter(y);
    std::vector<double> scaled = y;
    for (double& v : scaled) v = 1e9 * v - 3e11;
    const SmoothingFit other = fitter(scaled);
    CHECK(other.alpha == Approx(fit.alpha).epsilon(1e-4));
    CHECK(other.level == Approx(1e9 * fit.level - 3e11).epsilon(1e-4));
  }
}

TEST_CASE("The same values give the same bits") {
  const auto y = wandering(70, 1, 9);
  for (const Fitter fitter : {&fit_ses, &fit_holt, &fit_damped}) {
    const SmoothingFit a = fitter(y);
    const SmoothingFit b = fitter(std::vector<double>(y));
    CHECK(a.alpha == b.alpha);
    CHECK(a.level == b.level);
    CHECK(a.sse == b.sse);
  }
}

}  // namespace
