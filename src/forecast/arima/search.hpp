// SPDX-License-Identifier: Apache-2.0
// The stepwise choice of an ARIMA form: Hyndman, Khandakar, Journal of Statistical Software 27(3), 2008, with
// the defaults of auto.arima() in R's forecast 8.20. Long series (n > 150 or m > 12) are searched by
// conditional sums of squares, and the best form that then passes is estimated by exact likelihood.
#pragma once

#include <cstdint>

#include <rankine/forecast/model.hpp>

#include "forecast/arima/estimate.hpp"
#include "forecast/arima/orders.hpp"

namespace rankine::forecast::arima {

struct Chosen {
  Orders orders;
  Estimate estimate;
  double aicc = 0;  ///< NaN where there is no likelihood
  std::int64_t evaluations = 0;
};

struct Limits {
  int p = 5, q = 5, P = 2, Q = 2;
};

/// -2 loglik + 2 k + 2 k (k + 1) / (n - k - 1) for the n of the differenced series; infinite without room.
double corrected_criterion(double minus_twice_loglik, const Orders& orders, std::size_t n);
/// Needs finite values. The estimate has a failure only when no form could be fitted.
Chosen choose(const Problem& problem, const Limits& limits);
/// AR(p) with a mean by exact likelihood, p <= order_max by AICc.
Chosen choose_autoregression(const Problem& problem, int order_max);

}  // namespace rankine::forecast::arima
