// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/gp/gaussian_process.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "tune/samplers/gp/lbfgs.hpp"

namespace rankine::tune {
namespace {

constexpr double kRoot5 = 2.2360679774997896964;
constexpr double kJitter = 1e-8;  // of the signal's variance, on the diagonal

/// Squared distances between rows.
Eigen::MatrixXd squared_distances(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  Eigen::MatrixXd made = -2 * a * b.transpose();
  made.colwise() += a.rowwise().squaredNorm();
  made.rowwise() += b.rowwise().squaredNorm().transpose();
  return made.cwiseMax(0.0);
}

Eigen::MatrixXd kernel(const Eigen::MatrixXd& squared, double signal) {
  const Eigen::ArrayXXd r = kRoot5 * squared.array().sqrt();
  return signal * ((1 + r + r.square() / 3) * (-r).exp()).matrix();
}

/// Derivative by the squared distance of a dimension, times -2: what multiplies (x - y)^2 / length^2.
Eigen::MatrixXd kernel_slope(const Eigen::MatrixXd& squared, double signal) {
  const Eigen::ArrayXXd r = kRoot5 * squared.array().sqrt();
  return signal * 5.0 / 3 * ((1 + r) * (-r).exp()).matrix();
}

/// Normal priors of the logarithms. Length scales grow with the root of the dimension (Hvarfner, Hellsten,
/// Nardi, "Vanilla Bayesian optimization performs great in high dimensions", ICML 2024).
struct Prior {
  double mean, deviation;
};
Prior prior_of(Eigen::Index index, Eigen::Index dimensions) {
  if (index < dimensions) return {-0.7 + 0.5 * std::log(static_cast<double>(dimensions)), 1.2};
  if (index == dimensions) return {0, 1};
  return {-9, 2.5};
}

}  // namespace

GpParameters gp_prior(Eigen::Index dimensions) {
  GpParameters made(dimensions + 2);
  for (Eigen::Index i = 0; i < made.size(); ++i) made[i] = prior_of(i, dimensions).mean;
  return made;
}

double gp_objective(const Eigen::MatrixXd& points, const Eigen::VectorXd& values,
                    const GpParameters& parameters, Eigen::VectorXd& gradient) {
  const Eigen::Index n = points.rows(), d = points.cols();
  const Eigen::ArrayXd lengths = parameters.head(d).array().exp();
  const double signal = std::exp(parameters[d]), noise = std::exp(parameters[d + 1]);
  const Eigen::MatrixXd scaled = points * lengths.inverse().matrix().asDiagonal();
  const Eigen::MatrixXd squared = squared_distances(scaled, scaled);
  const Eigen::MatrixXd pure = kernel(squared, signal);
  Eigen::MatrixXd matrix = pure;
  matrix.diagonal().array() += noise + kJitter * signal;
  const Eigen::LLT<Eigen::MatrixXd> factor(matrix);
  gradient.setZero(d + 2);
  if (factor.info() != Eigen::Success) return std::numeric_limits<double>::infinity();
  const Eigen::VectorXd alpha = factor.solve(values);
  double objective = 0.5 * values.dot(alpha);
  for (Eigen::Index i = 0; i < n; ++i) objective += std::log(factor.matrixLLT()(i, i));

  Eigen::MatrixXd weights = factor.solve(Eigen::MatrixXd::Identity(n, n));  // inverse minus alpha alpha'
  weights -= alpha * alpha.transpose();
  const Eigen::MatrixXd slope = weights.cwiseProduct(kernel_slope(squared, signal));
  const Eigen::VectorXd sums = slope.rowwise().sum();
  for (Eigen::Index k = 0; k < d; ++k) {
    const Eigen::VectorXd x = scaled.col(k);
    gradient[k] = sums.dot(x.cwiseAbs2()) - x.dot(slope * x);  // half the sum of slope * (x_i - x_j)^2
  }
  gradient[d] = 0.5 * (weights.cwiseProduct(pure).sum() + kJitter * signal * weights.trace());
  gradient[d + 1] = 0.5 * noise * weights.trace();
  for (Eigen::Index i = 0; i < d + 2; ++i) {
    const Prior prior = prior_of(i, d);
    const double off = (parameters[i] - prior.mean) / prior.deviation;
    objective += 0.5 * off * off;
    gradient[i] += off / prior.deviation;
  }
  return objective;
}

GpParameters GaussianProcess::fit(const Eigen::MatrixXd& points, const Eigen::VectorXd& values,
                                  const GpParameters& start, std::size_t iterations) {
  const Eigen::Index d = points.cols();
  Eigen::VectorXd low(d + 2), high(d + 2);
  low.head(d).setConstant(std::log(5e-3));
  high.head(d).setConstant(std::log(50.0));
  low[d] = std::log(1e-2);
  high[d] = std::log(1e3);
  low[d + 1] = std::log(1e-8);
  high[d + 1] = std::log(1.0);
  const auto function = [&](const Eigen::VectorXd& at, Eigen::VectorXd& gradient) {
    return gp_objective(points, values, at, gradient);
  };
  return minimise_in_box(function, start, low, high, iterations).point;
}

GaussianProcess::GaussianProcess(Eigen::MatrixXd points, Eigen::VectorXd values, GpParameters parameters)
    : points_(std::move(points)), values_(std::move(values)), parameters_(std::move(parameters)) {
  const Eigen::Index d = points_.cols();
  lengths_ = parameters_.head(d).array().exp();
  signal_ = std::exp(parameters_[d]);
  scaled_ = points_ * lengths_.cwiseInverse().asDiagonal();
  const Eigen::MatrixXd pure = kernel(squared_distances(scaled_, scaled_), signal_);
  double jitter = kJitter;
  do {  // more on the diagonal until the factor exists
    Eigen::MatrixXd matrix = pure;
    matrix.diagonal().array() += std::exp(parameters_[d + 1]) + jitter * signal_;
    factor_.compute(matrix);
    jitter *= 100;
  } while (factor_.info() != Eigen::Success && jitter < 1e3);
  weights_ = factor_.solve(values_);
}

double GaussianProcess::variance_of(double explained) const {
  return std::max(signal_ - explained, 1e-14 * signal_);
}

GaussianProcess::Prediction GaussianProcess::predict(const Eigen::VectorXd& point) const {
  Eigen::VectorXd means, deviations;
  predict_all(point.transpose(), means, deviations);
  return {means[0], deviations[0]};
}

GaussianProcess::Prediction GaussianProcess::predict(const Eigen::VectorXd& point,
                                                     Eigen::VectorXd& mean_gradient,
                                                     Eigen::VectorXd& deviation_gradient) const {
  const Eigen::VectorXd scaled = point.cwiseQuotient(lengths_);
  const Eigen::MatrixXd squared = squared_distances(scaled_, scaled.transpose());
  const Eigen::VectorXd k = kernel(squared, signal_), slope = kernel_slope(squared, signal_);
  const Eigen::VectorXd solved = factor_.solve(k);
  Prediction made{k.dot(weights_), std::sqrt(variance_of(k.dot(solved)))};
  const Eigen::Index d = points_.cols();
  mean_gradient.resize(d);
  deviation_gradient.resize(d);
  for (Eigen::Index i = 0; i < d; ++i) {
    const Eigen::VectorXd change =
        slope.cwiseProduct((scaled_.col(i).array() - scaled[i]).matrix()) / lengths_[i];
    mean_gradient[i] = change.dot(weights_);
    deviation_gradient[i] = -change.dot(solved) / made.deviation;
  }
  return made;
}

void GaussianProcess::predict_all(const Eigen::MatrixXd& points, Eigen::VectorXd& means,
                                  Eigen::VectorXd& deviations) const {
  const Eigen::MatrixXd scaled = points * lengths_.cwiseInverse().asDiagonal();
  const Eigen::MatrixXd k = kernel(squared_distances(scaled_, scaled), signal_);  // n x m
  means = k.transpose() * weights_;
  const Eigen::MatrixXd half = factor_.matrixL().solve(k);
  deviations = half.colwise().squaredNorm().transpose();
  for (double& value : deviations) value = std::sqrt(variance_of(value));
}

GaussianProcess GaussianProcess::believing(const Eigen::MatrixXd& points) const {
  Eigen::VectorXd means, deviations;
  predict_all(points, means, deviations);
  Eigen::MatrixXd all(points_.rows() + points.rows(), points_.cols());
  all << points_, points;
  Eigen::VectorXd values(all.rows());
  values << values_, means;
  return GaussianProcess(std::move(all), std::move(values), parameters_);
}

}  // namespace rankine::tune
