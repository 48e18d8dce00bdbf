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
  std::vector<double> msis;      ///< by level: mean over the series where it is defined; NaN without any
  std::vector<double> coverage;  ///< by level, percent
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
  std::vector<double> levels;        ///< of intervals, percent
  std::vector<ScoreRow> rows;        ///< the groups that have series, then Total (each series weighs 1)

  const ScoreRow& total() const { return rows.back(); }
};

/// The errors of one series, an entry a method; those of intervals method after method, a level each.
struct SeriesErrors {
  std::span<const double> smape;
  std::span<const double> mase;
  std::span<const double> msis;
  std::span<const double> coverage;
  std::span<const std::uint8_t> failed;  ///< not 0: counted as failed
};

class ScoreSum {
 public:
  /// `groups` in the order of the rows; others follow as they come. OWA is relative to the method named
  /// Naive2. `levels` of intervals in percent may be empty.
  ScoreSum(std::vector<std::string> groups, std::vector<std::string> methods,
           std::vector<double> levels = {});

  /// One series. A NaN is left out of its mean. Throws InputError for spans of wrong lengths.
  void add(std::string_view group, const SeriesErrors& errors);

  ScoreTable table() const;

 private:
  struct Mean {
    double sum = 0;
    std::int64_t count = 0;
    void add(double value);
    double value() const;
  };
  struct Sum {
    Mean smape;
    Mean mase;
    std::vector<Mean> msis;
    std::vector<Mean> coverage;
    std::int64_t failed = 0;
  };
  struct Group {
    std::string name;
    std::int64_t series = 0;
    std::vector<Sum> sums;
  };
  Group empty_group(std::string name) const;
  void add_to(Group& group, const SeriesErrors& errors) const;
  ScoreRow row(const Group& group) const;

  std::vector<std::string> methods_;
  std::vector<double> levels_;
  std::vector<Group> groups_;
  Group total_;
  std::ptrdiff_t naive2_ = -1;
};

/// Blocks (sMAPE, MASE, OWA, and for each level MSIS and coverage), a line a method, a column a group,
/// right-aligned; "-" where a figure is undefined. Lines below name how many fits failed and how many MASEs
/// are undefined.
std::string render(const ScoreTable& table);

}  // namespace rankine::forecast
