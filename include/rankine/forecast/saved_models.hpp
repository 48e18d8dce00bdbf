// SPDX-License-Identifier: Apache-2.0
// Fitted models from a results file, to forecast without fitting again.
#pragma once

#include <string>
#include <vector>

#include <rankine/forecast/model.hpp>
#include <rankine/forecast/series_range.hpp>

namespace rankine::forecast {

struct SavedModels {
  std::vector<Series>
      series;             ///< without values; `horizon` is range.read.horizon, or the file's where that is 0
  std::vector<Fit> fits;  ///< series after series, one a model of the file
};

/// Throws InputError when the file has no saved models or its parts do not fit.
SavedModels load_saved(const SeriesRange& range);

/// What a results file says of itself.
struct SavedHeader {
  std::string dataset;
  std::string models;  ///< as make_models reads them
  std::vector<std::string> groups;
  std::uint64_t series = 0;
  int horizon_max = 0;
  std::uint64_t seed = 1;  ///< of simulated intervals
};
SavedHeader read_saved_header(const std::string& path);

}  // namespace rankine::forecast
