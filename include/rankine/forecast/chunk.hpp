// SPDX-License-Identifier: Apache-2.0
// The unit of work of a many-model run: some series in, forecasts, parameters and errors out. Both are plain
// aggregates that can travel; fit_chunk is a pure function, so a chunk may be fitted anywhere, again, and in
// any order.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <rankine/forecast/chunk_result.hpp>
#include <rankine/forecast/model.hpp>
#include <rankine/forecast/series_range.hpp>

namespace rankine::forecast {

/// By what the best model of a series is chosen among those of the list.
enum class Choice : std::uint8_t {
  kNone,  ///< not at all
  kAicc   ///< the least corrected Akaike criterion; models without a likelihood are not chosen
};

/// What is done to every series of a run.
struct FitOptions {
  std::string models;          ///< as make_models reads it
  std::vector<double> levels;  ///< of prediction intervals, percent, ascending; may be empty
  std::vector<int> seasons;    ///< several cycles, ascending; empty: the one of the series
  Choice choice = Choice::kNone;
  bool keep_forecasts = true;  ///< false: results carry errors and parameters only
  bool keep_models = false;    ///< results carry what forecasting later needs
  std::uint64_t seed = 1;      ///< of simulated intervals

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& models& levels& seasons& choice& keep_forecasts& keep_models& seed;
  }
};

struct ChunkRequest {
  FitOptions options;
  SeriesRange range;

  /// What progress counts: series, or bytes.
  std::uint64_t units() const { return range.count; }

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& options& range;
  }
};

/// Never throws for bad series: their models fail. Throws InputError for unknown models, bad generator
/// options and wrong files, SystemError for files that cannot be read.
ChunkResult fit_chunk(const ChunkRequest& request);

/// What stands in for the result of a chunk that could not be computed at all: every model of every series
/// failed for `reason`. Loads the series; throws as fit_chunk does.
ChunkResult failed_chunk(const ChunkRequest& request, const std::string& reason);

/// Every model on every series, series after series: fits[s * models.size() + m]. Series with a defect,
/// values that are not finite, or too few of them fail with a sentence. Models of one family share work.
std::vector<Fit> fit_all(std::span<const ModelPointer> models, std::span<const Series> series,
                         std::span<const int> seasons = {});

/// How many units (series, bytes) a task should hold, given that `probed` of them took `seconds`: so many
/// that it costs some milliseconds, few enough to balance `workers`. At least 1.
std::uint64_t chunk_size(std::uint64_t units, std::uint64_t probed, double seconds, int workers);

}  // namespace rankine::forecast
