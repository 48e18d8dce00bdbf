// SPDX-License-Identifier: Apache-2.0
// Forecasts of series that add up (shops, regions, the whole) made to add up themselves. What forecasts them
// is not known here.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rankine::forecast {

/// Sums of bottom series. In all arrays the sums come first, in this order, then the bottom series.
struct Hierarchy {
  std::size_t bottom = 0;                        ///< number of bottom series
  std::vector<std::vector<std::size_t>> sums{};  ///< for each sum the bottom series in it, from 0

  std::size_t series() const { return sums.size() + bottom; }
};

enum class Reconciliation {
  kBottomUp,    ///< the bottom forecasts, summed
  kOls,         ///< the coherent forecasts nearest to the base forecasts (Hyndman et al., CSDA 55, 2011)
  kMinTShrink,  ///< nearest in the metric of the errors' covariance, shrunk towards its diagonal
                ///< (Wickramasuriya, Athanasopoulos, Hyndman, JASA 114, 2019; shrinkage of Schaefer,
                ///< Strimmer, 2005)
};

/// `base`: series x horizon, series after series. `residuals`: series x times of one-step errors, for
/// kMinTShrink; at least 3 times. Returns series x horizon that add up, unbiased where the base forecasts
/// are. Throws InputError for sizes that do not fit, members that do not exist, values that are not finite.
std::vector<double> reconcile(const Hierarchy& hierarchy, std::span<const double> base, Reconciliation how,
                              std::span<const double> residuals = {});

}  // namespace rankine::forecast
