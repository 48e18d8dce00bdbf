// SPDX-License-Identifier: Apache-2.0
// The orders of a seasonal ARIMA model, (p,d,q)(P,D,Q)[m], with or without a constant: their text, what they
// name, and the differencing they ask for.
//
//   (1 - phi_1 B - ...)(1 - Phi_1 B^m - ...)(1 - B)^d (1 - B^m)^D (y_t - x_t beta)
//       = (1 + theta_1 B + ...)(1 + Theta_1 B^m + ...) e_t
//
// The constant is a mean where d + D = 0, a drift (slope a step) where d + D = 1, and not there beyond.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankine::forecast::arima {

struct Orders {
  int p = 0, d = 0, q = 0;
  int P = 0, D = 0, Q = 0;
  int m = 1;
  bool constant = false;
  int columns = 0;  ///< exogenous regressors

  bool operator==(const Orders&) const = default;

  int ar_length() const { return p + m * P; }
  int ma_length() const { return q + m * Q; }
  /// Values that differencing costs.
  int lost() const { return d + m * D; }
  int coefficients() const { return p + q + P + Q; }
  /// The length of the state: R's r.
  int states() const { return ar_length() > ma_length() ? ar_length() : ma_length() + 1; }
  /// Regressors in all: the exogenous ones and the constant, which is the first.
  int regressors() const { return columns + (has_constant() ? 1 : 0); }
  bool has_constant() const { return constant && d + D <= 1; }
  /// Parameters that an information criterion counts, the variance among them.
  int counted() const { return coefficients() + regressors() + 1; }
};

/// "ARIMA(1,1,2)(0,1,1)[12] with drift"; exogenous columns end it: " + 2 columns".
std::string form(const Orders& orders);
/// The inverse of form(). Throws InputError for other text.
Orders parse_form(std::string_view text);
/// ar1.. ma1.. sar1.. sma1.., "mean" or "drift", x1..
std::vector<std::string> parameter_names(const Orders& orders);
/// (1 - B)^d (1 - B^m)^D of `values`: lost() values fewer.
std::vector<double> differenced(std::span<const double> values, const Orders& orders);
/// Coefficients c of (1 - B)^d (1 - B^m)^D = 1 - sum c[k-1] B^k: lost() of them.
std::vector<double> differencing(const Orders& orders);

}  // namespace rankine::forecast::arima
