// SPDX-License-Identifier: Apache-2.0
// Decomposition by several seasons and its forecast: MSTL of Bandara, Hyndman, Bergmeir: "MSTL: a
// seasonal-trend decomposition algorithm for time series with multiple seasonal patterns" (2021), with the
// settings of R's mstl(). The season goes on as in its last cycle, what is left is forecast by any model
// without a season.
#pragma once

#include <span>
#include <vector>

#include "forecast/registry.hpp"

namespace rankine::forecast {

struct MstlParts {
  std::vector<int> periods;                  ///< those that were used, ascending
  std::vector<std::vector<double>> seasons;  ///< n values for each period
  std::vector<double> adjusted;              ///< y without its seasons
};

/// STL after STL, each on what the other seasons leave, twice over when there are several; seasonal windows
/// 11, 15, ... cycles. Periods of which there are not two full cycles are left out.
MstlParts mstl(std::span<const double> y, std::span<const int> periods);

ModelPointer make_mstl(Arguments arguments);      ///< "MSTL(m1,m2,...,model)", all optional
ModelPointer make_log_mstl(Arguments arguments);  ///< on logarithms where all values are positive

}  // namespace rankine::forecast
