// SPDX-License-Identifier: Apache-2.0
// A series and its regressors as the likelihood of an ARMA process sees them: differenced, and divided by
// powers of two that keep squares within the range of numbers.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <rankine/forecast/model.hpp>

#include "forecast/arima/orders.hpp"

namespace rankine::forecast::arima {

struct Sample {
  std::size_t n = 0;           ///< values that differencing leaves
  std::vector<double> values;  ///< columns of n: the series, the exogenous ones, the constant
  std::vector<double> unit;    ///< what each column was divided by

  std::span<const double> column(std::size_t c) const { return std::span(values).subspan(c * n, n); }
};

/// Differences by d, D and m of `orders`. The constant's column is there where d + D <= 1.
Sample make_sample(const Problem& problem, const Orders& orders);
/// Column `column` of a problem's exogenous rows.
std::vector<double> exogenous_column(std::span<const double> rows, int columns, int column);

}  // namespace rankine::forecast::arima
