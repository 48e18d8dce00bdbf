// SPDX-License-Identifier: Apache-2.0
// Prediction intervals for any model from errors that it made at times that it had not seen: split conformal
// prediction (Vovk, Gammerman, Shafer, 2005; Stankeviciute et al., NeurIPS 2021, for several steps), with the
// errors of all steps brought to one scale so that few windows suffice.
#pragma once

#include "forecast/registry.hpp"

namespace rankine::forecast {

ModelPointer make_conformal(Arguments arguments);  ///< "Conformal(model)" or "Conformal(model,windows)"

}  // namespace rankine::forecast
