// SPDX-License-Identifier: Apache-2.0
// One point of a search space: a number a dimension, and the row where the space is a table. A plain value.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace rankine::tune {

/// Says that a dimension is inactive: its condition does not hold.
inline constexpr double kInactive = std::numeric_limits<double>::quiet_NaN();

struct Configuration {
  /// One a dimension, in its own unit (not logarithmic); of a categorical dimension the index of the choice.
  std::vector<double> values;
  /// Row of a space that is a table, else -1.
  std::int64_t row = -1;

  /// Equal configurations have equal hashes, on every machine.
  std::uint64_t hash() const;
  /// Inactive equals inactive.
  bool operator==(const Configuration& other) const;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& values& row;
  }
};

}  // namespace rankine::tune
