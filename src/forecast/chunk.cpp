// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/chunk.hpp>
#include <rankine/forecast/metrics.hpp>

namespace rankine::forecast {

namespace {

/// Hardware makes NaNs of either sign; results hold one kind.
double canonical(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

void add_series(const Series& series, const ChunkRequest& request, ChunkResult& result) {
  const ForecastSet set = fit_series(series, request.models);
  const double scale = mase_scale(series.train, series.season);
  const auto horizon = static_cast<std::size_t>(std::max(series.horizon, 0));
  for (const ModelFit& fit : set.fits) {
    const bool failed = !fit.failure.empty();
    if (failed) result.failures.push_back({result.series, fit.model, fit.failure});
    result.failed.push_back(failed);
    result.smape.push_back(canonical(smape(series.test, fit.forecast)));
    result.mase.push_back(canonical(mase(series.test, fit.forecast, scale)));
    const Parameters& p = fit.parameters;
    for (const double value : {p.alpha, p.beta, p.phi, p.level0, p.trend0, p.mse}) {
      result.parameters.push_back(canonical(value));
    }
    if (!request.keep_forecasts) continue;
    for (std::size_t k = 0; k < horizon; ++k) {
      result.forecasts.push_back(failed ? std::numeric_limits<double>::quiet_NaN() : fit.forecast[k]);
    }
  }
  result.horizons.push_back(static_cast<std::int32_t>(horizon));
  result.adjustment.push_back(static_cast<std::uint8_t>(set.adjustment));
  ++result.series;
}

template <class T>
void move_to_end(std::vector<T>& from, std::vector<T>& to) {
  if (to.empty()) {
    to = std::move(from);
  } else {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  }
}

}  // namespace

void ChunkResult::append(ChunkResult&& next) {
  if (series == 0 && models == 0) models = next.models;
  if (next.models != models) {
    throw InputError(fmt::format("a result with {} models cannot follow one with {}", next.models, models));
  }
  for (Failure& failure : next.failures) failure.series += series;
  series += next.series;
  move_to_end(next.horizons, horizons);
  move_to_end(next.forecasts, forecasts);
  move_to_end(next.parameters, parameters);
  move_to_end(next.smape, smape);
  move_to_end(next.mase, mase);
  move_to_end(next.failed, failed);
  move_to_end(next.adjustment, adjustment);
  move_to_end(next.floor_smape, floor_smape);
  move_to_end(next.floor_mase, floor_mase);
  move_to_end(next.failures, failures);
}

ChunkResult fit_chunk(const ChunkRequest& request) {
  if (!request.series.empty() && request.count > 0) {
    throw InputError("a chunk holds given series or generated ones, not both");
  }
  ChunkResult result;
  result.models = static_cast<std::int64_t>(request.models.size());
  for (const Series& series : request.series) add_series(series, request, result);
  for (std::uint64_t k = 0; k < request.count; ++k) {
    const GeneratedSeries one = generate_series(request.seed, request.first + k, request.generator);
    const double scale = mase_scale(one.series.train, one.series.season);
    result.floor_smape.push_back(canonical(smape(one.series.test, one.expected)));
    result.floor_mase.push_back(canonical(mase(one.series.test, one.expected, scale)));
    add_series(one.series, request, result);
  }
  return result;
}

ChunkResult failed_chunk(const ChunkRequest& request, const std::string& reason) {
  ChunkResult result;
  result.models = static_cast<std::int64_t>(request.models.size());
  const auto add = [&](Series series) {
    series.defect = reason;
    add_series(series, request, result);
  };
  for (const Series& series : request.series) add(series);
  for (std::uint64_t k = 0; k < request.count; ++k) {
    result.floor_smape.push_back(std::numeric_limits<double>::quiet_NaN());
    result.floor_mase.push_back(std::numeric_limits<double>::quiet_NaN());
    add(generate_series(request.seed, request.first + k, request.generator).series);
  }
  return result;
}

std::int64_t chunk_size(std::int64_t series, std::int64_t values, int models, int workers) {
  if (series < 1) return 1;
  // About 0.2 us for a value and model on one core of 2020: 2 ms are 10,000 of them.
  constexpr double fits_values = 10'000;
  const double mean_length = std::max(1.0, static_cast<double>(values) / static_cast<double>(series));
  const double by_time = fits_values / (mean_length * std::max(models, 1));
  // Eight chunks a worker at least, so that the last ones do not leave the others waiting.
  const double by_balance = static_cast<double>(series) / (8.0 * std::max(workers, 1));
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(by_time, by_balance)));
}

}  // namespace rankine::forecast
