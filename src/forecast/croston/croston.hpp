// SPDX-License-Identifier: Apache-2.0
// Models of intermittent demand: sizes and gaps of the demands smoothed apart (Croston, 1972; Syntetos,
// Boylan, 2005; Teunter, Syntetos, Babai, 2011), or sums over stretches as long as the mean gap (ADIDA:
// Nikolopoulos et al., 2011; IMAPA: Petropoulos, Kourentzes, 2015), with the smoothing weights that
// statsforecast uses. Values are counts or amounts, never negative; the forecast is the mean demand a step.
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

ModelPointer make_croston(Arguments arguments);            ///< "Croston": weights 0.1
ModelPointer make_croston_optimised(Arguments arguments);  ///< weights fitted within 0.1 .. 0.3
ModelPointer make_sba(Arguments arguments);                ///< "SBA": 0.95 times Croston
ModelPointer make_tsb(Arguments arguments);                ///< "TSB(alpha,beta)": sizes, probability
ModelPointer make_adida(Arguments arguments);              ///< "ADIDA"
ModelPointer make_imapa(Arguments arguments);              ///< "IMAPA"

}  // namespace rankine::forecast
