// SPDX-License-Identifier: Apache-2.0
// Fits inside a fit: how models made of models keep what their members learned, as plain numbers.
#pragma once

#include <span>
#include <vector>

#include <rankine/forecast/model.hpp>

namespace rankine::forecast {

/// Appends a fit without failure to `state`.
void save_fit(const Fit& fit, std::vector<double>& state);
/// Takes one off the front of `state`.
Fit load_fit(std::span<const double>& state);

}  // namespace rankine::forecast
