// SPDX-License-Identifier: Apache-2.0
// The smoothing parameters of complex exponential smoothing by least squares within the stable region, and
// the choice between its forms "none" and "full" (Svetunkov, Kourentzes, 2018).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <rankine/forecast/model.hpp>

#include "forecast/ces/recursion.hpp"

namespace rankine::forecast::ces {

struct Estimate {
  Form form = Form::kNone;
  std::vector<double> parameters;
  State last;              ///< after the last value
  double sum_squares = 0;  ///< of the one-step errors
  double loglik = 0;       ///< Gaussian; NaN where the errors are zero
  double aicc = 0;         ///< AICc of the parameters, and AIC's 2 for each initial state
  std::int64_t evaluations = 0;
};

/// Seasonal forms need season >= 2 and more than two cycles.
Estimate estimate(const Problem& problem, Form form);
/// Of "none" and "full" the form of least aicc; "none" for a series without season or of two cycles or less.
Estimate choose(const Problem& problem);

/// "CES(partial)[12]", parameters a0, a1, b; state: the number of values, then l, c (but for "simple"), m
/// seasonal levels and, but for "partial", m potentials. Fit::sigma2 is the sum of squares over n less the
/// parameters.
Fit make_fit(const Problem& problem, const Estimate& estimate);
Prediction predict(const Fit& fit, const Request& request);
std::vector<std::string> parameter_names(std::string_view form);

}  // namespace rankine::forecast::ces
