// SPDX-License-Identifier: Apache-2.0
// The loops over time, for eight parameter sets of one model at once: conditional and exact one-step errors
// of ARMA processes, and the sums of products that least squares needs. Optimisation is not known here.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace rankine::forecast::arima {

inline constexpr std::size_t kLanes = 8;

/// One number of each parameter set.
struct alignas(64) Lanes {
  std::array<double, kLanes> at{};
};

/// The long polynomials of eight parameter sets, by lag (phi[0] is unused, theta[0] is 1).
struct LanePolynomials {
  std::vector<int> ar_lags;  ///< that can differ from zero, ascending
  std::vector<int> ma_lags;
  std::vector<Lanes> phi;
  std::vector<Lanes> theta;
};

/// What errors are computed of: `count` columns of n values, column after column.
struct Columns {
  std::span<const double> values;
  std::size_t count = 1;
  std::size_t n = 0;
};

/// One-step errors, column after column, divided by their standard deviations (innovations of variance 1).
struct Errors {
  std::vector<Lanes> scaled;  ///< count x n
  Lanes log_determinant;      ///< sum of the logarithms of their variances
  std::vector<Lanes> state, gain, change;
};

/// Errors given zeros before the series (conditional sum of squares): the first `skipped` are 0.
void conditional_errors(const LanePolynomials& model, const Columns& columns, std::size_t skipped,
                        Errors& errors);

/// Errors of the stationary process. The filter's covariances follow Chandrasekhar-type recursions (Morf,
/// Sidhu, Kailath, IEEE Trans. Automatic Control 19, 1974), which cost O(r) a value; when they stand still,
/// only the coefficients that are not zero cost anything. errors.gain holds T P[:,0] (stationary_start) and
/// `variance` P[0,0] at the beginning; a lane of NaN stays NaN.
void exact_errors(const LanePolynomials& model, const Columns& columns, const Lanes& variance,
                  Errors& errors);

/// Lane i, j of result[i].at[j]: sum over t of a[t].at[i] b[t].at[j], for i < rows.
void products(std::span<const Lanes> a, std::span<const Lanes> b, std::size_t rows,
              std::array<Lanes, kLanes>& result);

/// Sums over t of column c times column d of one lane each.
Lanes column_product(std::span<const Lanes> c, std::span<const Lanes> d);

/// y[t] = (y[t] - sum_c beta[c] x_c[t]) scale, lane by lane; x_c[t] lies at x[c n + t].
void take_regression(std::span<Lanes> y, std::span<const Lanes> x, std::span<const Lanes> beta,
                     const Lanes& scale);
/// Lanes 1.. become (lane - lane 0) times inverse_step; lane 0 stays.
void to_differences(std::span<Lanes> z, const Lanes& inverse_step);

}  // namespace rankine::forecast::arima
