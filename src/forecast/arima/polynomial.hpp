// SPDX-License-Identifier: Apache-2.0
// Polynomials of the backward shift: stationary ones from numbers in a box, products of a plain and a
// seasonal one, and whether all roots keep a distance from the unit circle. Likelihoods are not known here.
#pragma once

#include <span>
#include <vector>

#include "forecast/arima/orders.hpp"

namespace rankine::forecast::arima {

/// The four short polynomials of a model by their coefficients, each in the sign of its side of the equation.
struct Factors {
  std::vector<double> ar, ma, seasonal_ar, seasonal_ma;
};

/// The two long ones: by lag, entry 0 is 1 (moving average) or unused (autoregression).
struct Expanded {
  std::vector<double> phi;    ///< ar_length() + 1
  std::vector<double> theta;  ///< ma_length() + 1
};

/// a[0..k) such that 1 - a_1 z - ... has all roots outside the unit circle, from k numbers within (-1, 1):
/// with s such a number, 2 s / (1 + s^2) is a partial autocorrelation (Monahan, Biometrika 71, 1984). Its
/// slope is 0 at the bounds, so that a likelihood that is even about a unit root is smooth there.
void stationary(std::span<const double> shape, std::span<double> a);
/// Whether all roots of 1 - a_1 z - ... lie beyond `distance` > 0 from zero (Schur and Cohn's test).
bool roots_beyond(std::span<const double> a, double distance);

/// Coefficients of a model from orders.coefficients() numbers as above: p, q, P, Q of them.
Factors factors_of(const Orders& orders, std::span<const double> shape);
Expanded expanded(const Orders& orders, const Factors& factors);
/// The lags of the long polynomials that can have a coefficient other than zero, ascending.
std::vector<int> lags(int plain, int seasonal, int m);
/// Whether the roots of both sides lie beyond 1.01, where R's auto.arima() wants them.
bool roots_are_far(const Orders& orders, const Factors& factors);

}  // namespace rankine::forecast::arima
