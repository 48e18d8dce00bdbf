// SPDX-License-Identifier: Apache-2.0
#include "forecast/readers.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace rankine::forecast {

void hold_out(Series& series, int horizon) {
  series.horizon = horizon;
  const auto h = static_cast<std::size_t>(horizon);
  if (series.train.size() <= h) {
    if (series.defect.empty()) {
      series.defect =
          fmt::format("has {} values, a horizon of {} leaves none to fit", series.train.size(), horizon);
    }
    return;
  }
  series.test.assign(series.train.end() - horizon, series.train.end());
  series.train.resize(series.train.size() - h);
}

void apply_overrides(Series& series, const ReadOptions& options) {
  if (options.season > 0) {
    series.own_season = series.season;
    series.season = options.season;
  }
  if (options.horizon > 0 && options.horizon != series.horizon) {
    series.train.insert(series.train.end(), series.test.begin(), series.test.end());
    series.test.clear();
    hold_out(series, options.horizon);
  }
}

void add_group(Dataset& dataset, const std::string& group) {
  if (std::find(dataset.groups.begin(), dataset.groups.end(), group) == dataset.groups.end()) {
    dataset.groups.push_back(group);
  }
}

}  // namespace rankine::forecast
