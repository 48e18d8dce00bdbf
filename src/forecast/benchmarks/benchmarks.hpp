// SPDX-License-Identifier: Apache-2.0
// The eight benchmark methods of the M4 competition (Makridakis, Spiliotis, Assimakopoulos, IJF 36(1), 2020)
// as a family that shares one seasonal adjustment and one fit of each smoother.
//
//   Naive    the last value                            SES     simple exponential smoothing
//   sNaive   the last cycle repeated                   Holt    additive trend, undamped
//   Naive2   the last seasonally adjusted value        Damped  additive damped trend
//   Theta    half the OLS line, half SES of the theta=2 line (Assimakopoulos, Nikolopoulos, IJF 16, 2000)
//   Comb     the mean of SES, Holt and Damped
//
// Naive and sNaive see raw values, all others the seasonally adjusted ones where the series tests as
// seasonal. The form of a fit is the method's name, with "*season" where ratios to indices of mean 1 were
// smoothed and "+season" where differences from indices of mean 0 were (values <= 0 have no ratio).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <rankine/forecast/model.hpp>

#include "forecast/registry.hpp"

namespace rankine::forecast {

enum class Benchmark : std::uint8_t { kNaive, kSnaive, kNaive2, kSes, kHolt, kDamped, kTheta, kComb };
inline constexpr int kBenchmarkCount = 8;

/// "Naive", "sNaive", "Naive2", "SES", "Holt", "Damped", "Theta", "Comb".
std::string_view name(Benchmark benchmark);

/// The model of the table. Levels and trends among its parameters are in the unit of the adjusted series.
/// Theta: alpha and level0 are those of the theta=2 line, trend0 is the slope of the OLS line.
ModelPointer make_benchmark(Benchmark benchmark);
template <Benchmark kBenchmark>
ModelPointer make_benchmark_without(Arguments arguments);

/// Which benchmark `model` is, if any.
std::optional<Benchmark> benchmark_of(const Model& model);

/// Fits several benchmarks to one series, sharing what they share: fits[i] has the bits that the model of
/// which[i] gives alone. Values are finite; a benchmark with too few of them fails with a sentence.
void fit_benchmarks(const Problem& problem, std::span<const Benchmark> which, std::span<Fit> fits);

namespace detail {
void refuse_arguments(std::string_view model, Arguments arguments);
}

template <Benchmark kBenchmark>
ModelPointer make_benchmark_without(Arguments arguments) {
  detail::refuse_arguments(name(kBenchmark), arguments);
  return make_benchmark(kBenchmark);
}

}  // namespace rankine::forecast
