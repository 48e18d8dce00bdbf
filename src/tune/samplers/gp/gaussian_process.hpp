// SPDX-License-Identifier: Apache-2.0
// A Gaussian process with a Matern 5/2 kernel, a length scale a dimension, and noise; its hyperparameters by
// maximum a posteriori with analytic gradients. Rasmussen, Williams, "Gaussian processes for machine
// learning", 2006, chapters 2 and 5. Pure; O(n^3) a fit, O(n^2) a prediction with a variance.
#pragma once

#include <cstddef>

#include <Eigen/Cholesky>
#include <Eigen/Core>

namespace rankine::tune {

/// Logarithms: d length scales, the signal's variance, the noise's variance.
using GpParameters = Eigen::VectorXd;

/// The middle of the prior.
GpParameters gp_prior(Eigen::Index dimensions);

/// Minus the logarithm of the posterior density of the hyperparameters, up to a constant, and its gradient.
/// `points`: n x d, `values`: n, of mean near 0 and variance near 1. Infinity where the kernel matrix is not
/// positive definite.
double gp_objective(const Eigen::MatrixXd& points, const Eigen::VectorXd& values,
                    const GpParameters& parameters, Eigen::VectorXd& gradient);

class GaussianProcess {
 public:
  struct Prediction {
    double mean = 0, deviation = 0;
  };

  GaussianProcess(Eigen::MatrixXd points, Eigen::VectorXd values, GpParameters parameters);

  /// Maximum a posteriori from `start` in at most `iterations` steps.
  static GpParameters fit(const Eigen::MatrixXd& points, const Eigen::VectorXd& values,
                          const GpParameters& start, std::size_t iterations);

  Eigen::Index size() const { return values_.size(); }
  const GpParameters& parameters() const { return parameters_; }
  Prediction predict(const Eigen::VectorXd& point) const;
  /// With the gradients of both.
  Prediction predict(const Eigen::VectorXd& point, Eigen::VectorXd& mean_gradient,
                     Eigen::VectorXd& deviation_gradient) const;
  /// Of many points, m x d: faster than one by one.
  void predict_all(const Eigen::MatrixXd& points, Eigen::VectorXd& means, Eigen::VectorXd& deviations) const;
  /// The same process that has also seen these points, each with the value that it expects there: running
  /// trials as fantasies, of which only the smaller variance counts.
  GaussianProcess believing(const Eigen::MatrixXd& points) const;

 private:
  double variance_of(double explained) const;

  Eigen::MatrixXd points_, scaled_;  // n x d; divided by the length scales
  Eigen::VectorXd values_;
  GpParameters parameters_;
  Eigen::VectorXd lengths_;
  double signal_ = 1;
  Eigen::LLT<Eigen::MatrixXd> factor_;
  Eigen::VectorXd weights_;
};

}  // namespace rankine::tune
