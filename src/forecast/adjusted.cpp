// SPDX-License-Identifier: Apache-2.0
#include "forecast/adjusted.hpp"

#include <algorithm>

namespace rankine::forecast {

double SeasonalPattern::put_back(double value, std::size_t step) const {
  if (kind == Adjustment::kNone) return value;
  const double index = indices[step % indices.size()];
  return kind == Adjustment::kMultiplicative ? value * index : value + index;
}

double SeasonalPattern::weight(std::size_t step) const {
  return kind == Adjustment::kMultiplicative ? indices[step % indices.size()] : 1;
}

void SeasonalPattern::save(std::vector<double>& state) const {
  state.push_back(static_cast<double>(kind));
  state.push_back(static_cast<double>(indices.size()));
  state.insert(state.end(), indices.begin(), indices.end());
}

SeasonalPattern SeasonalPattern::load(std::span<const double>& state) {
  SeasonalPattern pattern;
  pattern.kind = static_cast<Adjustment>(state[0]);
  const auto indices = state.subspan(2, static_cast<std::size_t>(state[1]));
  pattern.indices.assign(indices.begin(), indices.end());
  state = state.subspan(2 + indices.size());
  return pattern;
}

AdjustedSeries seasonally_adjusted(std::span<const double> values, int season) {
  // A multiplicative index below this would blow noise up to be the series.
  constexpr double index_min = 0.01;
  AdjustedSeries adjusted{{values.begin(), values.end()}, {}};
  if (!is_seasonal(values, season)) return adjusted;
  const bool positive = *std::min_element(values.begin(), values.end()) > 0;
  SeasonalPattern& pattern = adjusted.pattern;
  pattern.kind = positive ? Adjustment::kMultiplicative : Adjustment::kAdditive;
  pattern.indices = seasonal_indices(values, season, pattern.kind);
  if (positive && *std::min_element(pattern.indices.begin(), pattern.indices.end()) < index_min) {
    pattern.kind = Adjustment::kAdditive;
    pattern.indices = seasonal_indices(values, season, pattern.kind);
  }
  const std::size_t m = pattern.indices.size();
  for (std::size_t t = 0; t < values.size(); ++t) {
    const double index = pattern.indices[t % m];
    double& value = adjusted.values[t];
    value = pattern.kind == Adjustment::kMultiplicative ? value / index : value - index;
  }
  std::rotate(pattern.indices.begin(),
              pattern.indices.begin() + static_cast<std::ptrdiff_t>(values.size() % m),
              pattern.indices.end());
  return adjusted;
}

}  // namespace rankine::forecast
