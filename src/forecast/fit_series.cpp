// SPDX-License-Identifier: Apache-2.0
#include "forecast/fit_series.hpp"

#include <cmath>

#include <fmt/format.h>

#include <rankine/core/hash.hpp>
#include <rankine/forecast/chunk.hpp>

#include "forecast/benchmarks/benchmarks.hpp"
#include "forecast/single.hpp"

namespace rankine::forecast {

namespace {

constexpr double kValueMax = 1e150;  // squares of larger ones overflow

/// Fits one model to the series without a failure, all in one call: models work on many at once.
void fit_model(const ModelPointer& model, std::span<const Problem> problems, std::span<Fit> fits,
               std::size_t stride) {
  std::vector<Problem> good;
  std::vector<std::size_t> places;
  for (std::size_t s = 0; s < problems.size(); ++s) {
    if (!fits[s * stride].failure.empty()) continue;
    good.push_back(problems[s]);
    places.push_back(s);
  }
  std::vector<Fit> fitted(good.size());
  fit_sound(*model, good, fitted);
  for (std::size_t k = 0; k < places.size(); ++k) fits[places[k] * stride] = std::move(fitted[k]);
}

/// All benchmarks of the list, series by series: they share their seasonal adjustment and their smoothers.
void fit_family(std::span<const Benchmark> family, std::span<const std::size_t> columns,
                std::span<const Problem> problems, std::span<Fit> fits, std::size_t stride) {
  std::vector<Fit> fitted(family.size());
  for (std::size_t s = 0; s < problems.size(); ++s) {
    if (!fits[s * stride + columns[0]].failure.empty()) continue;
    fit_benchmarks(problems[s], family, fitted);
    for (std::size_t k = 0; k < family.size(); ++k) fits[s * stride + columns[k]] = std::move(fitted[k]);
  }
}

}  // namespace

std::uint64_t series_key(const Series& series) {
  return hash_text(series.id);
}

std::string defect_of(const Series& series) {
  if (!series.defect.empty()) return series.defect;
  if (series.horizon < 1) return fmt::format("its horizon is {}; it must be at least 1", series.horizon);
  if (series.season < 1) return fmt::format("its season is {}; it must be at least 1", series.season);
  for (std::size_t t = 0; t < series.train.size(); ++t) {
    if (!std::isfinite(series.train[t])) {
      return fmt::format("training value {} of {} is {}", t + 1, series.train.size(), series.train[t]);
    }
  }
  for (const std::vector<double>* values : {&series.train, &series.test}) {
    for (const double value : *values) {
      if (std::abs(value) > kValueMax)
        return fmt::format("has the value {:g}, whose square overflows; scale the series", value);
    }
  }
  return {};
}

std::vector<Fit> fit_all(std::span<const ModelPointer> models, std::span<const Series> series,
                         std::span<const int> seasons) {
  const std::size_t stride = models.size();
  std::vector<Fit> fits(series.size() * stride);
  std::vector<Problem> problems(series.size());
  for (std::size_t s = 0; s < series.size(); ++s) {
    problems[s].values = series[s].train;
    problems[s].season = series[s].season;
    problems[s].seasons = seasons;
    problems[s].key = series_key(series[s]);
    const std::string defect = defect_of(series[s]);
    if (defect.empty()) continue;
    for (std::size_t m = 0; m < stride; ++m) fits[s * stride + m].failure = defect;
  }
  std::vector<Benchmark> family;
  std::vector<std::size_t> columns;
  for (std::size_t m = 0; m < stride; ++m) {
    if (const auto benchmark = benchmark_of(*models[m])) {
      family.push_back(*benchmark);
      columns.push_back(m);
    } else {
      fit_model(models[m], problems, std::span(fits).subspan(std::min(m, fits.size())), stride);
    }
  }
  if (!family.empty()) fit_family(family, columns, problems, fits, stride);
  return fits;
}

}  // namespace rankine::forecast
