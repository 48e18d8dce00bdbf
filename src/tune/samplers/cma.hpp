// SPDX-License-Identifier: Apache-2.0
// Covariance matrix adaptation in the unit cube: the strategy alone, points in and out. Hansen, "The CMA
// evolution strategy: a tutorial", arXiv:1604.00772, with its default parameters and negative weights (as in
// pycma). Pure.
#pragma once

#include <cstddef>
#include <vector>

#include <Eigen/Core>

#include <rankine/core/philox.hpp>

namespace rankine::tune {

class Cma {
 public:
  struct Scored {
    Eigen::VectorXd point;
    double loss = 0;
  };

  /// 4 + 3 ln n, the default number of points of a generation.
  static std::size_t default_population(std::size_t size);

  /// `sigma`: the first step size, in units of the cube. `population` at least 4.
  Cma(Eigen::VectorXd mean, double sigma, std::size_t population);

  std::size_t population() const { return static_cast<std::size_t>(weights_.size()); }
  const Eigen::VectorXd& mean() const { return mean_; }
  double sigma() const { return sigma_; }
  std::size_t generation() const { return generation_; }

  /// Of the present distribution, drawn anew until it lies in the cube, in the end moved to its border.
  Eigen::VectorXd draw(Philox& random) const;
  /// One generation: at least `population()` points, of which the best so many count by rank. Points of older
  /// distributions are welcome; those that lie far out are pulled in (Hansen, "Injecting external solutions
  /// into CMA-ES", 2011).
  void update(std::vector<Scored> points);
  /// A standard deviation of at least this is kept in this dimension, so that rounding does not freeze it.
  void keep_spread(std::size_t dimension, double least);
  /// Nothing is left to be found here: too narrow, too long or flat.
  bool converged() const;

 private:
  void set_weights(std::size_t population);
  void adapt(const std::vector<Eigen::VectorXd>& steps);
  void decompose();

  Eigen::Index size_;
  Eigen::VectorXd mean_;
  double sigma_;
  Eigen::VectorXd weights_;
  std::size_t parents_ = 0;
  double effective_ = 0, rate_sigma_ = 0, damping_ = 0, rate_path_ = 0, rate_one_ = 0, rate_mu_ = 0,
         length_ = 0;
  Eigen::VectorXd path_sigma_, path_covariance_;
  Eigen::MatrixXd covariance_, basis_;
  Eigen::VectorXd scales_;
  std::size_t generation_ = 0;
  std::vector<double> recent_best_;
};

}  // namespace rankine::tune
