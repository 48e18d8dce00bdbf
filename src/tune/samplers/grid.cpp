// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/grid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <rankine/core/error.hpp>

namespace rankine::tune {
namespace {

std::size_t count_of(const Dimension& dimension, std::size_t points) {
  if (dimension.cardinality() > 0) return dimension.cardinality();
  return dimension.low == dimension.high ? 1 : std::max<std::size_t>(points, 1);
}

double value_of(const Dimension& dimension, std::size_t k, std::size_t count) {
  if (dimension.cardinality() > 0) return dimension.value_at(k);
  return dimension.from_unit(count == 1 ? 0.5 : static_cast<double>(k) / static_cast<double>(count - 1));
}

std::size_t grid_size(const Space& space, std::size_t points) {
  std::size_t all = 1;
  for (const Dimension& dimension : space.dimensions()) {
    const std::size_t count = count_of(dimension, points);
    if (all > (std::size_t{1} << 62) / count) {
      throw InputError("the grid has more than 2^62 points. Remedy: another sampler, or fewer values");
    }
    all *= count;
  }
  return all;
}

}  // namespace

std::optional<Configuration> GridSampler::point(const Space& space, std::size_t index) const {
  std::vector<std::size_t> places(space.size());
  for (std::size_t i = space.size(); i-- > 0;) {
    const std::size_t count = count_of(space.dimension(i), points_);
    places[i] = index % count;
    index /= count;
  }
  Configuration made;
  made.values.resize(space.size());
  for (std::size_t i = 0; i < space.size(); ++i) {
    const Dimension& dimension = space.dimension(i);
    const bool active = space.active(made.values, i);
    if (!active && places[i] > 0) return std::nullopt;  // the same as with place 0
    made.values[i] = active ? value_of(dimension, places[i], count_of(dimension, points_)) : kInactive;
  }
  if (!space.allows(made)) return std::nullopt;
  return made;
}

std::optional<Configuration> GridSampler::ask(const History& history, TrialId) {
  const Space& space = history.space();
  if (space.is_table()) {
    if (next_ == space.row_count()) return std::nullopt;
    return space.row(next_++);
  }
  const std::size_t all = grid_size(space, points_);
  while (next_ < all) {
    if (auto made = point(space, next_++)) return made;
  }
  return std::nullopt;
}

}  // namespace rankine::tune
