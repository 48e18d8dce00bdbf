// SPDX-License-Identifier: Apache-2.0
// Amounts of resources as fixed-point numbers (1/10,000), so that a third of a GPU taken three times is a
// GPU.
#pragma once

#include <compare>
#include <cstdint>

namespace rankine {

class Amount {
 public:
  static constexpr std::int64_t kUnit = 10'000;

  constexpr Amount() = default;
  /// Rounded to the nearest 1/10,000.
  constexpr explicit Amount(double value)
      : fixed_(static_cast<std::int64_t>(value * kUnit + (value < 0 ? -0.5 : 0.5))) {}
  static constexpr Amount of_fixed(std::int64_t fixed) {
    Amount amount;
    amount.fixed_ = fixed;
    return amount;
  }

  constexpr std::int64_t fixed() const { return fixed_; }
  constexpr double value() const { return static_cast<double>(fixed_) / kUnit; }
  constexpr bool is_zero() const { return fixed_ == 0; }

  constexpr Amount& operator+=(Amount other) { return fixed_ += other.fixed_, *this; }
  constexpr Amount& operator-=(Amount other) { return fixed_ -= other.fixed_, *this; }
  friend constexpr Amount operator+(Amount a, Amount b) { return a += b; }
  friend constexpr Amount operator-(Amount a, Amount b) { return a -= b; }
  friend constexpr auto operator<=>(Amount, Amount) = default;

 private:
  std::int64_t fixed_ = 0;
};

}  // namespace rankine
