// SPDX-License-Identifier: Apache-2.0
// The eight benchmark methods of the M4 competition (Makridakis, Spiliotis, Assimakopoulos, IJF 36(1), 2020)
// as a family that shares one seasonal adjustment and one fit of each smoother. Pure computing: no file, no
// clock, no mutable static, so that any number of threads may fit at once.
//
//   Naive    the last value                            SES     simple exponential smoothing
//   sNaive   the last cycle repeated                   Holt    additive trend, undamped
//   Naive2   the last seasonally adjusted value        Damped  additive damped trend
//   Theta    half the OLS line, half SES of the theta=2 line (Assimakopoulos, Nikolopoulos, IJF 16, 2000)
//   Comb     the mean of SES, Holt and Damped
//
// Naive and sNaive see raw values, all others the seasonally adjusted ones where the series tests as
// seasonal.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/forecast/series.hpp>

namespace rankine::forecast {

enum class ModelId : std::uint8_t { kNaive, kSnaive, kNaive2, kSes, kHolt, kDamped, kTheta, kComb };
inline constexpr int kModelCount = 8;

/// All eight, in the order of tables.
std::span<const ModelId> all_models();
/// "Naive", "sNaive", "Naive2", "SES", "Holt", "Damped", "Theta", "Comb".
std::string_view name(ModelId model);
/// A list such as "naive,ses,theta" (any case, no blanks needed, "all" for the eight) without repetition.
/// Throws InputError naming an unknown or repeated model and the known ones.
std::vector<ModelId> parse_models(std::string_view list);

/// How a seasonal series was adjusted before smoothing.
enum class Adjustment : std::uint8_t {
  kNone,            ///< m = 1, fewer than 3m values, or the test says not seasonal
  kMultiplicative,  ///< divided by indices of mean 1
  kAdditive         ///< indices of mean 0 subtracted: values <= 0 have no ratio
};
std::string_view name(Adjustment adjustment);

/// NaN where the model has no such parameter. Levels and trends are in the unit of the adjusted series.
/// Theta: alpha and level0 are those of the theta=2 line, trend0 is the slope of the OLS line. Comb: all NaN.
struct Parameters {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  double alpha = kNone;   ///< weight of the level, 1e-4 .. 0.9999
  double beta = kNone;    ///< weight of the trend, 1e-4 .. alpha
  double phi = kNone;     ///< damping, 0.8 .. 0.98
  double level0 = kNone;  ///< level before the first observation
  double trend0 = kNone;  ///< trend a step before the first observation
  double mse = kNone;     ///< mean squared one-step error in training

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& alpha& beta& phi& level0& trend0& mse;
  }
};
inline constexpr int kParameterCount = 6;

struct ModelFit {
  ModelId model{};
  std::string failure;  ///< empty when the model was fitted; else a sentence, and `forecast` is empty
  Parameters parameters;
  std::vector<double> forecast;  ///< `horizon` values for the times after `train`, in the unit of the series
};

struct ForecastSet {
  Adjustment adjustment = Adjustment::kNone;
  std::vector<ModelFit> fits;  ///< one for each requested model, in the order of the request
};

/// Fits the requested models to `series.train` and forecasts `series.horizon` steps. Never throws for bad
/// data: a defect, a value that is not finite, or too few values (Naive and Naive2 1, sNaive m, SES 2, Theta
/// 3, Holt 5, Damped and Comb 6) makes the models concerned fail with a sentence. A constant series gets its
/// constant as forecast.
ForecastSet fit_series(const Series& series, std::span<const ModelId> models);

}  // namespace rankine::forecast
