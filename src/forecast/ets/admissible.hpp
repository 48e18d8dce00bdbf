// SPDX-License-Identifier: Apache-2.0
// Whether a seasonal form forgets its initial states: the roots of its characteristic polynomial lie within
// the unit circle (Hyndman, Akram, Archibald: The admissible parameter space for exponential smoothing
// models, Annals of the Institute of Statistical Mathematics 60, 2008). Forms without a season always do so
// within the usual bounds.
#pragma once

namespace rankine::forecast::ets {

/// `beta` 0 without a trend, `phi` 1 without damping; weights within the usual bounds, 2 <= m <= 24.
bool is_admissible(double alpha, double beta, double gamma, double phi, int m);

}  // namespace rankine::forecast::ets
