// SPDX-License-Identifier: Apache-2.0
// The unit of work of a many-model run: some series in, forecasts, parameters and errors out. Both are plain
// aggregates that can travel; fit_chunk is a pure function, so a chunk may be fitted anywhere, again, and in
// any order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rankine/forecast/generator.hpp>
#include <rankine/forecast/models.hpp>
#include <rankine/forecast/series.hpp>

namespace rankine::forecast {

/// Either `series`, or `count` series generated from (seed, first, generator) on the spot.
struct ChunkRequest {
  std::vector<ModelId> models;
  bool keep_forecasts = true;  ///< false: the result carries errors and parameters only
  std::vector<Series> series;
  std::uint64_t seed = 0;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  GeneratorOptions generator;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& models& keep_forecasts& series& seed& first& count& generator;
  }
};

/// A model that could not be fitted, and why.
struct Failure {
  std::int64_t series = 0;  ///< position in the result
  ModelId model{};
  std::string reason;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& series& model& reason;
  }
};

/// Everything series-major: entry (series s, model k) of S x M is at s * M + k. NaN is always the same quiet
/// NaN, so that equal results are equal bytes.
struct ChunkResult {
  std::int64_t series = 0;             ///< S
  std::int64_t models = 0;             ///< M
  std::vector<std::int32_t> horizons;  ///< S
  std::vector<double>
      forecasts;  ///< for each series, for each model, its horizon; NaN where failed; or empty
  std::vector<double> parameters;        ///< S x M x kParameterCount: alpha, beta, phi, level0, trend0, mse
  std::vector<double> smape;             ///< S x M, percent; NaN where failed or without hold-out
  std::vector<double> mase;              ///< S x M; NaN also where the MASE scale is 0
  std::vector<std::uint8_t> failed;      ///< S x M, 1 where the model could not be fitted
  std::vector<std::uint8_t> adjustment;  ///< S, an Adjustment
  std::vector<double> floor_smape;       ///< S for generated series: of the true conditional mean; else empty
  std::vector<double> floor_mase;
  std::vector<Failure> failures;  ///< in order of series, then model

  /// Adds the series of `next` after those here. Throws InputError when the models differ in number.
  void append(ChunkResult&& next);

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& series& models& horizons& forecasts& parameters& smape& mase& failed& adjustment& floor_smape&
        floor_mase& failures;
  }
};

/// Never throws for bad series (see fit_series). Throws InputError for bad generator options, and for a
/// request with both kinds of series.
ChunkResult fit_chunk(const ChunkRequest& request);

/// What stands in for the result of a chunk that could not be computed at all: every model of every series
/// failed for `reason`.
ChunkResult failed_chunk(const ChunkRequest& request, const std::string& reason);

/// How many series a chunk should hold so that it costs some milliseconds: enough to hide a task's own cost,
/// few enough to balance. Longer series make smaller chunks. `values` is the number of training values of all
/// `series`.
std::int64_t chunk_size(std::int64_t series, std::int64_t values, int models, int workers);

}  // namespace rankine::forecast
