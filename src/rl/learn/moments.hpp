// SPDX-License-Identifier: Apache-2.0
// Running mean and variance of rows of numbers, merged as by Chan, Golub and LeVeque (1979); the same numbers
// as Stable-Baselines3's RunningMeanStd.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rankine::rl::learn {

class Moments {
 public:
  Moments() = default;
  /// With the weight of `count` rows of mean 0 and variance 1; 0: nothing was seen yet.
  Moments(int width, double count);

  int width() const { return static_cast<int>(mean_.size()); }
  double count() const { return count_; }

  /// `rows` is [n][width].
  void add(std::span<const float> rows);
  void merge(const Moments& other);

  /// (x - mean) / sqrt(variance + 1e-8), cut at +-10; row by row.
  void normalise(std::span<const float> from, std::span<float> to) const;
  /// x / sqrt(variance + 1e-8), cut at +-10: for rewards, by the moments of their discounted sum.
  float scaled(float x) const;

  /// count, means, variances.
  std::vector<double> numbers() const;
  static Moments of_numbers(std::span<const double> all);

 private:
  void merge_one(std::size_t j, double mean, double variance, double count);

  double count_ = 0;
  std::vector<double> mean_;
  std::vector<double> variance_;
};

}  // namespace rankine::rl::learn
