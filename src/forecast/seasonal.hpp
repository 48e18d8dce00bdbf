// SPDX-License-Identifier: Apache-2.0
// Is a series seasonal, and what is it without its season: the test and the classical decomposition that the
// M4 benchmarks use. Smoothing and forecasting are not done here.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rankine::forecast {

/// How a series is cleared of its season.
enum class Adjustment : std::uint8_t {
  kNone,            ///< not at all
  kMultiplicative,  ///< divided by indices of mean 1
  kAdditive         ///< indices of mean 0 subtracted: values <= 0 have no ratio
};

/// The autocorrelation at lag m against its 90 % limit 1.645/sqrt(n) sqrt(1 + 2 sum_{k<m} r_k^2) (Bartlett).
/// False for m < 2, n < 3m, or a constant series. R's acf() in the M4 code stops at lag 10 log10(n) and then
/// calls the series not seasonal; here any lag is computed (no M3 or M4 series is affected).
bool is_seasonal(std::span<const double> values, int season);

/// Classical decomposition as R's decompose(): centred moving average of length m (2 x m when m is even),
/// mean of the ratios (or differences) to it by position in the cycle, normalised to mean 1 (or 0). Returns m
/// indices, the first for values[0]. Needs values.size() >= 2m; multiplicative needs values > 0.
std::vector<double> seasonal_indices(std::span<const double> values, int season, Adjustment kind);

}  // namespace rankine::forecast
