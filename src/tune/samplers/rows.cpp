// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/rows.hpp"

#include <limits>

namespace rankine::tune {

std::optional<Configuration> nearest_row(const History& history, const std::vector<double>& unit) {
  const Space& space = history.space();
  const Configuration* nearest = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const std::uint32_t row : history.rows_left()) {
    const Configuration& candidate = space.row(row);
    const std::vector<double> at = space.to_unit(candidate);
    double distance = 0;
    for (std::size_t i = 0; i < at.size(); ++i) distance += (at[i] - unit[i]) * (at[i] - unit[i]);
    if (distance < least || (distance == least && nearest && candidate.row < nearest->row)) {
      least = distance;
      nearest = &candidate;
    }
  }
  if (!nearest) return std::nullopt;
  return *nearest;
}

std::optional<Configuration> realise(const History& history, const std::vector<double>& unit) {
  if (history.space().is_table()) return nearest_row(history, unit);
  Configuration made = history.space().from_unit(unit);
  if (!history.space().allows(made)) return std::nullopt;
  return made;
}

}  // namespace rankine::tune
