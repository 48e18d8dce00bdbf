// SPDX-License-Identifier: Apache-2.0
#include "rl/learn/moments.hpp"

#include <cmath>

namespace rankine::rl::learn {

namespace {

float cut(double x) {
  return static_cast<float>(x < -10 ? -10.0 : x > 10 ? 10.0 : x);
}

}  // namespace

Moments::Moments(int width, double count)
    : count_(count),
      mean_(static_cast<std::size_t>(width)),
      variance_(static_cast<std::size_t>(width), count > 0 ? 1.0 : 0.0) {}

void Moments::add(std::span<const float> rows) {
  const std::size_t width = mean_.size();
  const std::size_t n = rows.size() / width;
  if (n == 0) return;
  for (std::size_t j = 0; j < width; ++j) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += rows[i * width + j];
    const double mean = sum / static_cast<double>(n);
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double d = rows[i * width + j] - mean;
      squares += d * d;
    }
    merge_one(j, mean, squares / static_cast<double>(n), static_cast<double>(n));
  }
  count_ += static_cast<double>(n);
}

void Moments::merge(const Moments& other) {
  if (other.count_ == 0) return;
  for (std::size_t j = 0; j < mean_.size(); ++j)
    merge_one(j, other.mean_[j], other.variance_[j], other.count_);
  count_ += other.count_;
}

void Moments::normalise(std::span<const float> from, std::span<float> to) const {
  const std::size_t width = mean_.size();
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::size_t j = i % width;
    to[i] = cut((from[i] - mean_[j]) / std::sqrt(variance_[j] + 1e-8));
  }
}

float Moments::scaled(float x) const {
  return cut(x / std::sqrt(variance_[0] + 1e-8));
}

std::vector<double> Moments::numbers() const {
  std::vector<double> all{count_};
  all.insert(all.end(), mean_.begin(), mean_.end());
  all.insert(all.end(), variance_.begin(), variance_.end());
  return all;
}

Moments Moments::of_numbers(std::span<const double> all) {
  Moments moments;
  const std::size_t width = all.size() / 2;
  moments.count_ = all[0];
  for (std::size_t j = 0; j < width; ++j) {
    moments.mean_.push_back(all[1 + j]);
    moments.variance_.push_back(all[1 + width + j]);
  }
  return moments;
}

void Moments::merge_one(std::size_t j, double mean, double variance, double count) {
  const double total = count_ + count;
  const double delta = mean - mean_[j];
  const double squares = variance_[j] * count_ + variance * count + delta * delta * count_ * count / total;
  mean_[j] += delta * count / total;
  variance_[j] = squares / total;
}

}  // namespace rankine::rl::learn
