// SPDX-License-Identifier: Apache-2.0
// Means of the error measures by group and in total, as in the tables of the M4 competition. Sums are taken
// in the order of add(), one after the other, so that equal calls give equal bits; errors of one series come
// from metrics.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankine::forecast {

struct Score {
  double smape = 0;              ///< mean over `scored` series, percent; NaN when there is none
  double mase = 0;               ///< mean over the series whose MASE is defined; NaN when there is none
  double owa = 0;                ///< mean of the ratios of sMAPE and MASE to Naive2's; NaN without Naive2
  std::int64_t scored = 0;       ///< series with an sMAPE
  std::int64_t mase_scored = 0;  ///< series with a MASE: not those whose naive in-sample error is 0
  std::int64_t failed = 0;       ///< series that the method could not be fitted to
};

struct ScoreRow {
  std::string group;  ///< "Total" in the last row
  std::int64_t series = 0;
  std::vector<Score> methods;  ///< one for each ScoreTable::methods
};

struct ScoreTable {
  std::vector<std::string> methods;  ///< names of models, and of other forecasts put beside them
  std::vector<ScoreRow> rows;        ///< the groups that have series, then Total (each series weighs 1)

  const ScoreRow& total() const { return rows.back(); }
};

class ScoreSum {
 public:
  /// `groups` in the order of the rows. OWA is relative to the method named Naive2.
  ScoreSum(std::vector<std::string> groups, std::vector<std::string> methods);

  /// One series: an error for each method. A NaN is left out of its mean; failed[k] != 0 is counted as
  /// failed. Throws InputError for an unknown group or spans of another length than methods.
  void add(std::string_view group, std::span<const double> smape, std::span<const double> mase,
           std::span<const std::uint8_t> failed);

  ScoreTable table() const;

 private:
  struct Sum {
    double smape = 0;
    double mase = 0;
    std::int64_t scored = 0;
    std::int64_t mase_scored = 0;
    std::int64_t failed = 0;
  };
  struct Group {
    std::string name;
    std::int64_t series = 0;
    std::vector<Sum> sums;
  };
  ScoreRow row(const Group& group) const;

  std::vector<std::string> methods_;
  std::vector<Group> groups_;  // the last is Total
  std::ptrdiff_t naive2_ = -1;
};

/// Three blocks (sMAPE, MASE, OWA), a line a method, a column a group, right-aligned; "-" where a figure is
/// undefined. Lines below name how many fits failed and how many MASEs are undefined.
std::string render(const ScoreTable& table);

}  // namespace rankine::forecast
