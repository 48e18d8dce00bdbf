// SPDX-License-Identifier: Apache-2.0
// A model's errors at times that it has not seen: fitted to the beginning of a series, again and again, and
// held against what came after (rolling origins, Tashman, IJF 16, 2000). What is made of the errors is not
// known here.
#pragma once

#include <string>
#include <vector>

#include <rankine/forecast/model.hpp>

namespace rankine::forecast {

struct RollingOrigins {
  std::vector<std::size_t> sizes;  ///< how many values are fitted to, descending; empty: too few values
  std::size_t steps = 0;           ///< how many values after them are forecast
};

/// At most `windows` origins, the last `steps` before the end of n values; two cycles of steps (8 without a
/// season, 48 at most), or what short series allow beyond values_min.
RollingOrigins rolling_origins(std::size_t n, int season, std::size_t values_min, std::size_t windows);

struct RollingErrors {
  std::string failure;
  /// actual - forecast, for each origin that could be fitted its steps
  std::vector<std::vector<double>> errors;
};

RollingErrors rolling_errors(const Model& model, const Problem& problem, const RollingOrigins& origins);

}  // namespace rankine::forecast
