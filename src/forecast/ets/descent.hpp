// SPDX-License-Identifier: Apache-2.0
// Maximum likelihood by Levenberg and Marquardt's method for many series (or starts) at once, eight in lanes.
// What each lane does depends on its job alone. Which forms to fit from which starts is decided in
// search.hpp.
#pragma once

#include <cstdint>
#include <span>

#include "forecast/ets/form.hpp"
#include "forecast/ets/lanes.hpp"
#include "forecast/ets/recursion.hpp"

namespace rankine::forecast::ets {

/// Bounds of R's ets(): weights in [1e-4, 0.9999], beta <= alpha, gamma <= 1 - alpha, phi in [0.8, 0.98].
inline constexpr double kWeightMin = 1e-4;
inline constexpr double kWeightMax = 0.9999;
inline constexpr double kPhiMin = 0.8;
inline constexpr double kPhiMax = 0.98;

/// Of -2 log-likelihood: what is left of it where a descent ends.
inline constexpr double kEnough = 1e-4;

struct Job {
  std::span<const double> values;  ///< more than parameters; positive where errors are multiplicative
  double shift = 0;  ///< work is done on (y - shift) / scale; shift must be 0 with multiplicative parts
  double scale = 1;
  Point start;              ///< in the unit of the values, as is all that follows
  double enough = kEnough;  ///< a smaller gain of -2 log-likelihood ends the descent
  double damping = 0;       ///< of the steps, from an earlier descent to `start`; 0: there was none
  Point best;
  double minus_2_loglik = 0;  ///< not finite when even the start had no likelihood
  std::int64_t passes = 0;    ///< evaluations of the likelihood with its derivatives
};

/// Fits `form` with season m to every job. Order does not matter.
void descend(const Path& path, Form form, int m, std::span<Job> jobs);

}  // namespace rankine::forecast::ets
