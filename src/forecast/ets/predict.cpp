// SPDX-License-Identifier: Apache-2.0
#include "forecast/ets/predict.hpp"

#include <algorithm>
#include <cmath>

namespace rankine::forecast::ets {

namespace {

/// Classes 1 and 2: linear states. A surprise moves the forecast j steps later by c_j times its size.
Moments linear_moments(Form form, const Point& end, double sigma2, int horizon) {
  Moments out;
  const std::size_t m = std::max<std::size_t>(1, end.season.size());
  const auto steps = static_cast<std::size_t>(horizon);
  std::vector<double> moved(steps);    // c_j^2
  std::vector<double> squared(steps);  // theta_h, the second moment of the mean h steps ahead
  double sum_of_phi = 0;
  double power = 1;
  double summed = 0;
  for (std::size_t h = 0; h < steps; ++h) {
    power *= end.phi;
    const double before = sum_of_phi;  // phi + ... + phi^h
    sum_of_phi += power;
    const double season = has_season(form) ? end.season[h % m] : 0;
    const double mean = end.level + sum_of_phi * end.trend + season;
    if (h > 0) {
      const double c = end.alpha + end.beta * before + (has_season(form) && h % m == 0 ? end.gamma : 0);
      moved[h] = c * c;
      summed += moved[h];
    }
    squared[h] = mean * mean;
    for (std::size_t j = 1; j <= h; ++j) squared[h] += sigma2 * moved[j] * squared[h - j];
    out.mean.push_back(mean);
    out.variance.push_back(form.error == Error::additive ? sigma2 * (1 + summed)
                                                         : (1 + sigma2) * squared[h] - mean * mean);
  }
  return out;
}

/// Class 3, multiplicative season and errors: y = (1 + e) u s with u = l + phi b. The states that matter are
/// the products z_{ij} of trend state i and seasonal state j, whose means and covariances follow linear
/// recursions: with e, (l, b) goes to (F + e G)(l, b) and the oldest seasonal state to (1 + gamma e) times
/// itself; the others only grow older.
class ProductStates {
 public:
  ProductStates(Form form, const Point& x, double sigma2)
      : k_(has_trend(form) ? 2 : 1), m_(x.season.size()), sigma2_(sigma2), gamma_(x.gamma) {
    const double states[2] = {x.level, x.trend};
    const double phi = x.phi;
    const double f[2][2] = {{1, phi}, {0, phi}};
    const double g[2][2] = {{x.alpha, x.alpha * phi}, {x.beta, x.beta * phi}};
    std::copy(&f[0][0], &f[0][0] + 4, &f_[0][0]);
    std::copy(&g[0][0], &g[0][0] + 4, &g_[0][0]);
    weight_[1] = phi;
    mean_.resize(k_ * m_);
    covariance_.assign(k_ * m_ * k_ * m_, 0);
    for (std::size_t j = 0; j < m_; ++j) {
      for (std::size_t i = 0; i < k_; ++i) mean_[j * k_ + i] = states[i] * x.season[j];
    }
  }

  /// Mean and variance of the next value, whose seasonal state is the first.
  void next(Moments& out) const {
    double mean = 0;
    double variance = 0;
    for (std::size_t i = 0; i < k_; ++i) {
      mean += weight_[i] * mean_[i];
      for (std::size_t j = 0; j < k_; ++j) variance += weight_[i] * weight_[j] * covariance(i, j);
    }
    out.mean.push_back(mean);
    out.variance.push_back((1 + sigma2_) * variance + sigma2_ * mean * mean);
  }

  /// One step: z_j -> A_j z_j with A_j = F + e G for the seasonal states that grow older and (F + e G)(1 +
  /// gamma e) for the one in use, which becomes the youngest.
  void advance() {
    // A = A0 + e A1 + e^2 A2; with normal e, E e^2 = v, E e^4 = 3 v^2.
    std::vector<double> mean(mean_.size());
    std::vector<double> second(covariance_.size());
    for (std::size_t j = 0; j < m_; ++j) {
      const Coefficients a = coefficients(j);
      for (std::size_t i = 0; i < k_; ++i) {
        for (std::size_t l = 0; l < k_; ++l)
          mean[j * k_ + i] += (a.of[0][i][l] + sigma2_ * a.of[2][i][l]) * mean_[j * k_ + l];
      }
    }
    for (std::size_t j = 0; j < m_; ++j) {
      for (std::size_t n = 0; n < m_; ++n) add_second_moments(j, n, second);
    }
    const std::size_t size = mean_.size();
    for (std::size_t a = 0; a < size; ++a) {
      for (std::size_t b = 0; b < size; ++b) second[a * size + b] -= mean[a] * mean[b];
    }
    rotate(mean, second);
  }

 private:
  struct Coefficients {
    double of[3][2][2];
  };

  double covariance(std::size_t a, std::size_t b) const { return covariance_[a * mean_.size() + b]; }

  Coefficients coefficients(std::size_t j) const {
    const double gamma = j == 0 ? gamma_ : 0;
    Coefficients c{};
    for (std::size_t i = 0; i < k_; ++i) {
      for (std::size_t l = 0; l < k_; ++l) {
        c.of[0][i][l] = f_[i][l];
        c.of[1][i][l] = g_[i][l] + gamma * f_[i][l];
        c.of[2][i][l] = gamma * g_[i][l];
      }
    }
    return c;
  }

  /// E z_j z_n' after the step: A_j M A_n' over the powers of e, where M is the second moment before.
  void add_second_moments(std::size_t j, std::size_t n, std::vector<double>& second) const {
    const Coefficients a = coefficients(j);
    const Coefficients b = coefficients(n);
    const double power[5] = {1, 0, sigma2_, 0, 3 * sigma2_ * sigma2_};
    const std::size_t size = mean_.size();
    for (std::size_t p = 0; p < 3; ++p) {
      for (std::size_t q = p % 2; q < 3; q += 2) {
        for (std::size_t i = 0; i < k_ * k_; ++i) {
          double sum = 0;
          for (std::size_t l = 0; l < k_ * k_; ++l) {
            const std::size_t x = j * k_ + l / k_;
            const std::size_t y = n * k_ + l % k_;
            sum +=
                a.of[p][i / k_][l / k_] * b.of[q][i % k_][l % k_] * (covariance(x, y) + mean_[x] * mean_[y]);
          }
          second[(j * k_ + i / k_) * size + n * k_ + i % k_] += power[p + q] * sum;
        }
      }
    }
  }

  /// The seasonal state in use becomes the last.
  void rotate(const std::vector<double>& mean, const std::vector<double>& covariance) {
    const std::size_t size = mean.size();
    for (std::size_t a = 0; a < size; ++a) {
      const std::size_t from = (a + k_) % size;
      mean_[a] = mean[from];
      for (std::size_t b = 0; b < size; ++b)
        covariance_[a * size + b] = covariance[from * size + (b + k_) % size];
    }
  }

  std::size_t k_;
  std::size_t m_;
  double sigma2_;
  double gamma_;
  double f_[2][2];
  double g_[2][2];
  double weight_[2] = {1, 1};
  std::vector<double> mean_;
  std::vector<double> covariance_;
};

}  // namespace

Moments moments(Form form, const Point& end, double sigma2, int horizon) {
  if (form.season != Season::multiplicative) return linear_moments(form, end, sigma2, horizon);
  Moments out;
  ProductStates states(form, end, sigma2);
  for (int h = 0; h < horizon; ++h) {
    if (h > 0) states.advance();
    states.next(out);
  }
  return out;
}

}  // namespace rankine::forecast::ets
