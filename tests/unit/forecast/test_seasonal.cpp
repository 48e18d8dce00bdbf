// SPDX-License-Identifier: Apache-2.0
// The seasonality test and the decomposition against a direct transcription of their definitions.
#include "forecast/seasonal.hpp"

#include <cmath>
#include <numbers>
#include <numeric>

#include <rankine/core/philox.hpp>

#include "catch.hpp"

namespace {

using namespace rankine::forecast;

std::vector<double> seasonal_series(std::size_t n, int m, double amplitude, double noise,
                                    std::uint64_t seed) {
  rankine::Philox random(seed, 0);
  std::vector<double> y(n);
  for (std::size_t t = 0; t < n; ++t) {
    const double turn = 2 * std::numbers::pi * static_cast<double>(t) / m;
    y[t] = (100 + 0.2 * static_cast<double>(t)) * (1 + amplitude * std::sin(turn)) + noise * random.normal();
  }
  return y;
}

/// The test in the words of its definition, lag by lag.
bool is_seasonal_by_definition(const std::vector<double>& y, int m) {
  const auto n = static_cast<double>(y.size());
  const double mean = std::accumulate(y.begin(), y.end(), 0.0) / n;
  const auto r = [&](int lag) {
    double top = 0, bottom = 0;
    for (std::size_t t = 0; t < y.size(); ++t) bottom += (y[t] - mean) * (y[t] - mean);
    for (std::size_t t = static_cast<std::size_t>(lag); t < y.size(); ++t) {
      top += (y[t] - mean) * (y[t - static_cast<std::size_t>(lag)] - mean);
    }
    return top / bottom;
  };
  double squares = 0;
  for (int k = 1; k < m; ++k) squares += r(k) * r(k);
  return std::abs(r(m)) > 1.645 / std::sqrt(n) * std::sqrt(1 + 2 * squares);
}

TEST_CASE("A clear season is found, noise is not seasonal") {
  CHECK(is_seasonal(seasonal_series(120, 12, 0.3, 1, 1), 12));
  rankine::Philox random(2, 0);
  std::vector<double> noise(120);
  for (double& y : noise) y = 100 + random.normal();
  CHECK_FALSE(is_seasonal(noise, 12));
}

TEST_CASE("The seasonality test agrees with its definition") {
  int seasonal = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const int m = seed % 2 == 0 ? 4 : 12;
    const auto y = seasonal_series(36 + seed % 50, m, 0.02, 3, seed);
    CHECK(is_seasonal(y, m) == is_seasonal_by_definition(y, m));
    seasonal += is_seasonal(y, m);
  }
  CHECK(seasonal > 20);  // both answers occur, or the comparison would say nothing
  CHECK(seasonal < 180);
}

TEST_CASE("No season without cycle, with fewer than three cycles, or in a constant") {
  std::vector<double> y(48, 10.0);
  for (std::size_t t = 3; t < y.size(); t += 12) y[t] = 100;
  CHECK_FALSE(is_seasonal(y, 1));
  CHECK_FALSE(is_seasonal(std::span(y).first(35), 12));
  CHECK(is_seasonal(std::span(y).first(36), 12));
  CHECK_FALSE(is_seasonal(std::vector<double>(48, 7.0), 12));
  CHECK_FALSE(is_seasonal({}, 4));
}

TEST_CASE("Multiplicative indices of an exact pattern are found exactly") {
  const std::vector<double> pattern{0.8, 1.1, 1.3, 0.8};
  std::vector<double> y;
  for (std::size_t t = 0; t < 20; ++t) y.push_back(50 * pattern[t % 4]);
  const auto indices = seasonal_indices(y, 4, Adjustment::kMultiplicative);
  REQUIRE(indices.size() == 4);
  for (std::size_t k = 0; k < 4; ++k) CHECK(indices[k] == Approx(pattern[k]).epsilon(1e-12));
}

TEST_CASE("Additive indices of an exact pattern on a line are found exactly, also for an odd cycle") {
  const std::vector<double> pattern{-2, 3, -1};
  std::vector<double> y;
  for (std::size_t t = 0; t < 20; ++t) y.push_back(0.5 * static_cast<double>(t) - 4 + pattern[t % 3]);
  const auto indices = seasonal_indices(y, 3, Adjustment::kAdditive);
  for (std::size_t k = 0; k < 3; ++k) CHECK(indices[k] == Approx(pattern[k]).epsilon(1e-12));
}

TEST_CASE("Indices are normalised and those of R's decompose") {
  // R 4: decompose(ts(c(12,20,31,15,14,22,35,16,15,25,38,18,17,27), frequency = 4), "multiplicative")$figure
  // is the mean of x / filter(x, c(.5,1,1,1,.5)/4) by quarter, divided by the mean of the four; worked out
  // here directly.
  const std::vector<double> y{12, 20, 31, 15, 14, 22, 35, 16, 15, 25, 38, 18, 17, 27};
  double sums[4] = {}, counts[4] = {};
  for (std::size_t t = 2; t + 2 < y.size(); ++t) {
    const double trend = (0.5 * y[t - 2] + y[t - 1] + y[t] + y[t + 1] + 0.5 * y[t + 2]) / 4;
    sums[t % 4] += y[t] / trend;
    counts[t % 4] += 1;
  }
  double mean = 0;
  for (int k = 0; k < 4; ++k) mean += sums[k] / counts[k] / 4;
  const auto indices = seasonal_indices(y, 4, Adjustment::kMultiplicative);
  for (std::size_t k = 0; k < 4; ++k) CHECK(indices[k] == Approx(sums[k] / counts[k] / mean).epsilon(1e-13));
  CHECK(indices[0] + indices[1] + indices[2] + indices[3] == Approx(4).epsilon(1e-13));
}

}  // namespace
