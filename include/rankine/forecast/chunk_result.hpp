// SPDX-License-Identifier: Apache-2.0
// What came of some series, column after column, to travel and to be written in order. Entry (series s, model
// m) of S x M is at s * M + m. NaN is always the same quiet NaN, so that equal results are equal bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankine::forecast {

/// A model that could not be fitted, or could not forecast, and why.
struct Failure {
  std::int64_t series = 0;  ///< position in the result
  std::int32_t model = 0;   ///< position in the list
  std::string reason;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& series& model& reason;
  }
};

/// Texts of which there are few: entries are positions in `texts`, in order of appearance.
struct TextTable {
  std::vector<std::string> texts;

  /// The position of `text`, which is added if it is new.
  std::int32_t add(const std::string& text);

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& texts;
  }
};

struct ChunkResult {
  std::int64_t models = 0;       ///< M
  std::int64_t levels = 0;       ///< L, of intervals
  std::vector<std::string> ids;  ///< S
  TextTable group_names;
  std::vector<std::int32_t> group;     ///< S, positions in group_names
  std::vector<std::int32_t> season;    ///< S
  std::vector<std::int32_t> horizons;  ///< S
  /// For each series, for each model, its horizon; NaN where failed; or empty: not kept.
  std::vector<double> forecasts;
  std::vector<double> lower;  ///< for each series, model and level its horizon; NaN where there are none
  std::vector<double> upper;
  TextTable form_names;
  std::vector<std::int32_t> form;  ///< S x M, positions in form_names; -1 where failed
  std::vector<double> loglik;      ///< S x M
  std::vector<double> aicc;
  std::vector<double> sigma2;
  std::vector<std::int64_t> evaluations;
  std::vector<std::int32_t> parameter_counts;  ///< S x M
  std::vector<double> parameters;              ///< one after the other
  std::vector<std::int32_t> state_counts;      ///< S x M, or empty: not kept
  std::vector<double> states;
  std::vector<double> smape;         ///< S x M, percent; NaN where failed or without hold-out
  std::vector<double> mase;          ///< S x M; NaN also where the scale of MASE is 0
  std::vector<double> msis;          ///< S x M x L; NaN also without intervals
  std::vector<double> coverage;      ///< S x M x L, percent of the hold-out within the interval
  std::vector<std::uint8_t> failed;  ///< S x M, 1 where the model could not be fitted or could not forecast
  std::vector<std::int32_t> chosen;  ///< S, the best model or -1; empty without a choice
  std::vector<double> floor_smape;   ///< S for generated series: of the true conditional mean; else empty
  std::vector<double> floor_mase;
  std::vector<Failure> failures;  ///< in order of series, then model

  std::int64_t series() const { return static_cast<std::int64_t>(ids.size()); }

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& models& levels& ids& group_names& group& season& horizons& forecasts& lower& upper& form_names& form;
    ar& loglik& aicc& sigma2& evaluations& parameter_counts& parameters& state_counts& states;
    ar& smape& mase& msis& coverage& failed& chosen& floor_smape& floor_mase& failures;
  }
};

}  // namespace rankine::forecast
