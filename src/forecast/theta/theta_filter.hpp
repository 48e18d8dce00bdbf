// SPDX-License-Identifier: Apache-2.0
// The four theta models as state-space models with one source of error (Fiorucci, Pellegrini, Louzada,
// Petropoulos, Koehler: "Models for optimising the theta method and their relationship to state space
// models", IJF 32, 2016). With w = 1 - 1/theta,
//
//   y_t = l_{t-1} + w { (1-alpha)^{t-1} A_{t-1} + (1 - (1-alpha)^t)/alpha B_{t-1} } + e_t
//   l_t = alpha y_t + (1-alpha) l_{t-1}
//
// where A + B t is the straight line through all values (static) or through those seen so far (dynamic).
// Seasons and intervals are not known here.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rankine::forecast {

struct ThetaForm {
  bool dynamic = false;    ///< the line is the one through the values seen so far
  bool optimised = false;  ///< theta is estimated; else it is 2
};

/// What the recursion carries from one value to the next.
struct ThetaState {
  double level = 0;
  double mean = 0;       ///< of the values seen
  double intercept = 0;  ///< A
  double slope = 0;      ///< B
  double decay = 1;      ///< (1-alpha)^t
  double seen = 0;       ///< t
};

struct ThetaFit {
  ThetaForm form;
  double alpha = 0;   ///< 0.1 .. 0.99
  double weight = 0;  ///< w = 1 - 1/theta, 0 .. 1
  double level0 = 0;
  double sse = 0;     ///< sum of the squared one-step errors that count
  double errors = 0;  ///< how many these are
  std::int64_t evaluations = 0;
  ThetaState state;  ///< after the last value
};

/// Minimises the squared one-step errors: the initial level and w enter them linearly and are solved for, so
/// that alpha alone is searched. Of a dynamic model the first three errors,
/// where there is no line yet, do not count. Needs 4 values.
ThetaFit fit_theta(std::span<const double> values, ThetaForm form);

/// Means of the `horizon` values after the last.
std::vector<double> theta_means(const ThetaFit& fit, std::size_t horizon);
/// Variances of their errors relative to that of one step: the sums of the squared impulse responses, exact
/// since forecasts are linear in the values.
std::vector<double> theta_variances(const ThetaFit& fit, std::size_t horizon);

}  // namespace rankine::forecast
