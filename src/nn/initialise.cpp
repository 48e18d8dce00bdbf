// SPDX-License-Identifier: Apache-2.0
// First values of parameters, each by its place in the whole array: a member writes its own without the rest.
#include <array>
#include <cmath>
#include <numbers>

#include <rankine/core/check.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/nn/layer.hpp>

namespace rankine::nn {

namespace {

/// The normal numbers of an array: Box and Muller, a pair from each block of Philox. Remembers the last pair.
class Normals {
 public:
  Normals(std::uint64_t seed, std::uint64_t name)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        name_{static_cast<std::uint32_t>(name), static_cast<std::uint32_t>(name >> 32)} {}

  double at(std::uint64_t place) {
    if (place / 2 != pair_ || !known_) {
      pair_ = place / 2;
      known_ = true;
      const PhiloxBlock block = philox4x32(
          {static_cast<std::uint32_t>(pair_), static_cast<std::uint32_t>(pair_ >> 32), name_[0], name_[1]},
          key_);
      const double angle = 2 * std::numbers::pi * 0x1.0p-32 * block[1];
      const double radius = std::sqrt(-2 * std::log((block[0] + 1.0) * 0x1.0p-32));
      values_ = {radius * std::cos(angle), radius * std::sin(angle)};
    }
    return values_[place % 2];
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 2> name_;
  std::uint64_t pair_ = 0;
  bool known_ = false;
  std::array<double, 2> values_{};
};

/// Calls visit(place in the whole array, how many follow) for the rows that a member has, in order.
template <class Visit>
void for_parts(const Tensor& tensor, std::size_t member, std::size_t members, const Visit& visit) {
  if (tensor.split < 0 || members == 1) return visit(std::size_t{0}, tensor.size());
  const auto split = static_cast<std::size_t>(tensor.split);
  std::size_t before = 1;
  std::size_t behind = 1;
  for (std::size_t k = 0; k < tensor.shape.size(); ++k) {
    if (k < split) before *= tensor.shape[k];
    if (k > split) behind *= tensor.shape[k];
  }
  const std::size_t extent = tensor.shape[split];
  check(extent % members == 0, "members divide what they split");
  const std::size_t run = extent / members * behind;
  for (std::size_t k = 0; k < before; ++k) visit((k * members + member) * run, run);
}

}  // namespace

void initialise(const Unit& unit, std::uint64_t seed, std::size_t member, std::size_t members,
                std::span<float> into) {
  check(into.size() == unit.size(members), "room for the member's part of the unit");
  std::size_t next = 0;
  for (const Tensor& tensor : unit.tensors) {
    Normals normals(seed, hash_text(tensor.name, hash_text(unit.name)));
    for_parts(tensor, member, members, [&](std::size_t place, std::size_t count) {
      for (std::size_t k = 0; k < count; ++k) {
        const double value = tensor.deviation == 0 ? 0 : tensor.deviation * normals.at(place + k);
        into[next++] = static_cast<float>(tensor.mean + value);
      }
    });
  }
}

}  // namespace rankine::nn
