// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/cma.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <Eigen/Eigenvalues>

namespace rankine::tune {

std::size_t Cma::default_population(std::size_t size) {
  return 4 + static_cast<std::size_t>(3 * std::log(static_cast<double>(std::max<std::size_t>(size, 1))));
}

Cma::Cma(Eigen::VectorXd mean, double sigma, std::size_t population)
    : size_(mean.size()), mean_(std::move(mean)), sigma_(sigma) {
  set_weights(std::max<std::size_t>(population, 4));
  path_sigma_.setZero(size_);
  path_covariance_.setZero(size_);
  covariance_.setIdentity(size_, size_);
  decompose();
}

/// Equations 49 to 58 of the tutorial.
void Cma::set_weights(std::size_t population) {
  const auto n = static_cast<double>(size_), lambda = static_cast<double>(population);
  weights_.resize(static_cast<Eigen::Index>(population));
  for (Eigen::Index i = 0; i < weights_.size(); ++i) {
    weights_[i] = std::log((lambda + 1) / 2) - std::log(static_cast<double>(i) + 1);
  }
  parents_ = population / 2;
  const auto mu = static_cast<Eigen::Index>(parents_);
  const auto effective = [](const auto& part) { return part.sum() * part.sum() / part.squaredNorm(); };
  effective_ = effective(weights_.head(mu));
  const double effective_negative = effective(weights_.tail(weights_.size() - mu));

  rate_path_ = (4 + effective_ / n) / (n + 4 + 2 * effective_ / n);
  rate_sigma_ = (effective_ + 2) / (n + effective_ + 5);
  damping_ = 1 + 2 * std::max(0.0, std::sqrt((effective_ - 1) / (n + 1)) - 1) + rate_sigma_;
  rate_one_ = 2 / ((n + 1.3) * (n + 1.3) + effective_);
  rate_mu_ = std::min(1 - rate_one_,
                      2 * (0.25 + effective_ + 1 / effective_ - 2) / ((n + 2) * (n + 2) + effective_));
  length_ = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));

  const double negative_sum =
      std::min({1 + rate_one_ / rate_mu_, 1 + 2 * effective_negative / (effective_ + 2),
                (1 - rate_one_ - rate_mu_) / (n * rate_mu_)});
  double plus = 0, minus = 0;
  for (const double weight : weights_) (weight > 0 ? plus : minus) += std::fabs(weight);
  for (double& weight : weights_) weight *= weight > 0 ? 1 / plus : negative_sum / minus;
}

void Cma::decompose() {
  covariance_ = (covariance_ + covariance_.transpose()) / 2;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance_);
  basis_ = solver.eigenvectors();
  scales_ = solver.eigenvalues().cwiseMax(1e-20).cwiseSqrt();
}

Eigen::VectorXd Cma::draw(Philox& random) const {
  Eigen::VectorXd point(size_);
  for (int attempt = 0; attempt < 100; ++attempt) {
    Eigen::VectorXd normal(size_);
    for (double& z : normal) z = random.normal();
    point = mean_ + sigma_ * (basis_ * scales_.cwiseProduct(normal));
    if (point.minCoeff() >= 0 && point.maxCoeff() <= 1) return point;
  }
  return point.cwiseMax(0.0).cwiseMin(1.0);
}

void Cma::update(std::vector<Scored> points) {
  std::stable_sort(points.begin(), points.end(),
                   [](const Scored& a, const Scored& b) { return a.loss < b.loss; });
  points.resize(population());
  const auto n = static_cast<double>(size_);
  const double longest = std::sqrt(n) + 2 * n / (n + 2) + 3;
  std::vector<Eigen::VectorXd> steps;
  for (const Scored& scored : points) {
    Eigen::VectorXd step = (scored.point - mean_) / sigma_;
    const double length = (basis_.transpose() * step).cwiseQuotient(scales_).norm();
    if (length > longest) step *= longest / length;
    steps.push_back(std::move(step));
  }
  recent_best_.push_back(points.front().loss);
  adapt(steps);
}

/// Equations 42 to 47 of the tutorial; `steps` from best to worst, in units of sigma.
void Cma::adapt(const std::vector<Eigen::VectorXd>& steps) {
  const auto n = static_cast<double>(size_);
  const auto whitened = [&](const Eigen::VectorXd& y) -> Eigen::VectorXd {
    return (basis_.transpose() * y).cwiseQuotient(scales_);
  };
  Eigen::VectorXd step = Eigen::VectorXd::Zero(size_);
  for (std::size_t i = 0; i < parents_; ++i) step += weights_[static_cast<Eigen::Index>(i)] * steps[i];
  mean_ += sigma_ * step;
  path_sigma_ = (1 - rate_sigma_) * path_sigma_ +
                std::sqrt(rate_sigma_ * (2 - rate_sigma_) * effective_) * (basis_ * whitened(step));
  ++generation_;
  const double length = path_sigma_.norm();
  const double settled = 1 - std::pow(1 - rate_sigma_, 2 * static_cast<double>(generation_));
  const bool moves = length / std::sqrt(settled) < (1.4 + 2 / (n + 1)) * length_;
  path_covariance_ = (1 - rate_path_) * path_covariance_;
  if (moves) path_covariance_ += std::sqrt(rate_path_ * (2 - rate_path_) * effective_) * step;

  const double lost = moves ? 0 : rate_one_ * rate_path_ * (2 - rate_path_);
  Eigen::MatrixXd next = (1 + lost - rate_one_ - rate_mu_ * weights_.sum()) * covariance_ +
                         rate_one_ * path_covariance_ * path_covariance_.transpose();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    double weight = weights_[static_cast<Eigen::Index>(i)];
    if (weight < 0) weight *= n / std::max(whitened(steps[i]).squaredNorm(), 1e-300);
    next += rate_mu_ * weight * steps[i] * steps[i].transpose();
  }
  covariance_ = std::move(next);
  sigma_ *= std::exp(std::min(1.0, rate_sigma_ / damping_ * (length / length_ - 1)));
  sigma_ = std::min(sigma_, 1.0);
  decompose();
}

void Cma::keep_spread(std::size_t dimension, double least) {
  const auto d = static_cast<Eigen::Index>(dimension);
  const double spread = sigma_ * std::sqrt(std::max(covariance_(d, d), 0.0));
  if (spread >= least) return;
  covariance_(d, d) = least * least / (sigma_ * sigma_);
  decompose();
}

bool Cma::converged() const {
  if (sigma_ * scales_.maxCoeff() < 1e-9 || scales_.maxCoeff() > 1e7 * scales_.minCoeff()) return true;
  const std::size_t span = 10 + 30 * static_cast<std::size_t>(size_) / population();
  if (recent_best_.size() < span) return false;
  const auto first = recent_best_.end() - static_cast<std::ptrdiff_t>(span);
  const auto [low, high] = std::minmax_element(first, recent_best_.end());
  return !(*high - *low > 1e-12 * std::max(1.0, std::fabs(*low)));
}

}  // namespace rankine::tune
