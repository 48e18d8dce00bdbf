// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/configuration.hpp>

#include <bit>
#include <cmath>

#include <rankine/core/hash.hpp>

namespace rankine::tune {

std::uint64_t Configuration::hash() const {
  std::uint64_t hash = hash_mix(static_cast<std::uint64_t>(row), values.size());
  for (const double value : values) {
    const double canonical =
        std::isnan(value) ? kInactive : value + 0.0;  // one bit pattern for NaN and for 0
    hash = hash_mix(hash, std::bit_cast<std::uint64_t>(canonical));
  }
  return hash;
}

bool Configuration::operator==(const Configuration& other) const {
  if (row != other.row || values.size() != other.values.size()) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool both_inactive = std::isnan(values[i]) && std::isnan(other.values[i]);
    if (!both_inactive && values[i] != other.values[i]) return false;
  }
  return true;
}

}  // namespace rankine::tune
