// SPDX-License-Identifier: Apache-2.0
// Where the filter of a stationary ARMA process begins: the variance of its first value and the gain after
// it, from autocovariances in O(p^2 + r s) operations (s: coefficients that are not zero), without the
// covariance matrix of the state.
#pragma once

#include <span>
#include <vector>

namespace rankine::forecast::arima {

/// One ARMA process with innovations of variance 1. phi by lag (entry 0 unused), theta by lag (entry 0 is 1);
/// the lags are those of coefficients that may differ from zero, ascending, without 0.
struct Process {
  std::span<const double> phi;
  std::span<const double> theta;
  std::span<const int> ar_lags;
  std::span<const int> ma_lags;
};

/// Buffers that are kept from call to call.
struct StartSpace {
  std::vector<double> predictors, ar_covariance, ma_products, covariance, psi, states;
};

/// In the state form of Harvey (a_t[0] = w_t, a_t[i] = phi_{i+1} a_{t-1}[0] + a_{t-1}[i+1] + theta_i e_t)
/// with T its transition and P the stationary covariance of the state: gain = T P[:,0], returned is P[0,0];
/// NaN when the process is not stationary to the last digits. gain.size() is the length of the state.
double stationary_start(const Process& process, StartSpace& space, std::span<double> gain);

}  // namespace rankine::forecast::arima
