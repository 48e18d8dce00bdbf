// SPDX-License-Identifier: Apache-2.0
// A time series cut into training part and hold-out, and a collection of them: plain values that can travel.
// Nothing here reads files or fits models.
#pragma once

#include <string>
#include <vector>

namespace rankine::forecast {

/// One series at equally spaced times. `train` is what models see, `test` holds the `horizon` values after
/// it.
struct Series {
  std::string id;
  std::string group;  ///< what scores are averaged by, e.g. "Yearly" or "Hourly"
  int season = 1;     ///< m: observations a seasonal cycle, 1 for none
  int horizon = 0;    ///< h: steps to forecast; equals test.size() where a hold-out exists
  std::vector<double> train;
  std::vector<double> test;  ///< empty where no hold-out exists: forecasts then have no scores
  std::string defect;  ///< why no model can be fitted (a gap, too few points ...); empty for a good series
  /// What the data itself says of the season where models are told another one; 0: `season`.
  int own_season = 0;

  /// The lag of the scale of MASE: it does not change with what models are told.
  int mase_lag() const { return own_season > 0 ? own_season : season; }

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& id& group& season& horizon& train& test& defect& own_season;
  }
};

/// Series in the order of their file; results are summed in this order whatever computed them.
struct Dataset {
  std::string name;
  std::vector<Series> series;
  std::vector<std::string> groups;  ///< distinct groups in the order in which tables show them
};

}  // namespace rankine::forecast
