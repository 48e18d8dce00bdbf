// SPDX-License-Identifier: Apache-2.0
// Points of the unit cube as configurations of any space: of a table, the nearest row that is left.
#pragma once

#include <optional>
#include <vector>

#include <rankine/tune/history.hpp>

namespace rankine::tune {

/// Nothing: the table is used up.
std::optional<Configuration> nearest_row(const History& history, const std::vector<double>& unit);

/// Of a table the nearest row left; else the point itself, nothing if it breaks a constraint.
std::optional<Configuration> realise(const History& history, const std::vector<double>& unit);

}  // namespace rankine::tune
