// SPDX-License-Identifier: Apache-2.0
// Fits forms of exponential smoothing to many series: which starts each descent gets, and what is learned
// from one form for the next. Choosing among forms is left to the caller.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "forecast/ets/form.hpp"
#include "forecast/ets/lanes.hpp"
#include "forecast/ets/recursion.hpp"

namespace rankine::forecast::ets {

/// A form fitted to a series.
struct Optimum {
  Point point;                                                      ///< in the unit of the series
  double minus_2_loglik = std::numeric_limits<double>::infinity();  ///< as R's ets(); infinite: not fitted
  double aicc = std::numeric_limits<double>::infinity();
  std::int64_t passes = 0;  ///< evaluations that it took
};

/// One series, and its answer for each of kForms.
struct Search {
  std::span<const double> values;  ///< not constant
  int m = 1;                       ///< 1: no seasonal forms
  std::vector<Optimum> optima;     ///< filled by search(): kForms.size() of them
  std::int64_t passes = 0;         ///< evaluations of likelihoods with their derivatives, over all forms
};

/// Where a form stands in kForms and Search::optima.
std::size_t index_of(Form form);
/// Whether R's ets() would try the form: enough values, positive ones for multiplicative parts, 2 <= m <= 24
/// for a season.
bool is_eligible(Form form, std::span<const double> values, int m);

/// Fits the `wanted` forms (and those whose optima their starts are made of) to every series for which they
/// are eligible.
void search(const Path& path, std::span<const Form> wanted, std::span<Search> series);

}  // namespace rankine::forecast::ets
