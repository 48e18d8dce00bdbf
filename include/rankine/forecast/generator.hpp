// SPDX-License-Identifier: Apache-2.0
// Series from a known process, for runs without data and for measuring against the best possible forecast.
// Series i of a seed depends on (seed, i) and the options only: any rank can make any part.
//
//   y_t = (l_{t-1} + phi b_{t-1} + e_t) s_t
//   l_t = l_{t-1} + phi b_{t-1} + alpha e_t
//   b_t = phi b_{t-1} + beta e_t
//
// the innovations form of exponential smoothing (Hyndman et al., 2008) with Gaussian e_t, times a fixed
// seasonal pattern s_t of mean 1. Drawn for each series: length, l_0 in 100..1000 (log-uniform), noise
// sd 1..4 % of l_0, alpha 0.05..0.4; with a trend: beta 0..0.02 alpha, phi 0.9..0.97, b_0 within 0.5 % of
// l_0, else beta = b_0 = 0; with a season: two harmonics, the first of amplitude 0.05..0.35, the second up to
// half of it, of random phases. Such series stay positive but for freak draws. Series i is of kind i mod 4:
// flat, trend, seasonal, both (i mod 2 when season is 1).
//
// The other process is that of Ray's and Nixtla's run of AutoETS on a million daily series (2022):
//
//   y_t = 10 + t mod 7 + u_t,  u_t uniform in [0, 0.5)
//
// with a length drawn evenly; its season is what models are told, 1 or 7.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rankine/forecast/series.hpp>

namespace rankine::forecast {

enum class Process : std::uint8_t { kKnown, kRayEts };

struct GeneratorOptions {
  int season = 12;
  int horizon = 18;
  int length_min = 60;  ///< training values; the length is drawn evenly from length_min .. length_max

  int length_max = 120;
  Process process = Process::kKnown;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& process& season& horizon& length_min& length_max;
  }
};

/// As in Ray's run: lengths 50 .. 500, horizon 7.
GeneratorOptions ray_ets_options(int season);

struct GeneratedSeries {
  Series series;
  /// `horizon` values: the mean of each test value given the training part and the process itself. No
  /// forecast has a smaller expected squared error, so its scores are the noise floor.
  std::vector<double> expected;
};

/// Throws InputError unless season >= 1, horizon >= 1 and 1 <= length_min <= length_max.
void check(const GeneratorOptions& options);
GeneratedSeries generate_series(std::uint64_t seed, std::uint64_t index, const GeneratorOptions& options);
/// "G000000012" for index 12; wider indices get as many digits as they need.
std::string generated_id(std::uint64_t index);
/// "Flat", "Trend", "Seasonal" or "Both"; "Daily".
std::string generated_group(std::uint64_t index, const GeneratorOptions& options);
/// The groups that generated_group can give, in the order of tables.
std::vector<std::string> generated_groups(const GeneratorOptions& options);

}  // namespace rankine::forecast
