// SPDX-License-Identifier: Apache-2.0
// A Parzen estimator over a search space: a mixture of product kernels in the unit cube, one a configuration
// and a flat prior. Real dimensions: Gaussians cut to [0, 1]; few ordered values: the Gaussian's mass in each
// cell; categorical: the value itself and a share for all. Pure.
//
// Bergstra, Bardenet, Bengio, Kegl, "Algorithms for hyper-parameter optimization", NIPS 2011; kernels that
// join all dimensions and their width as in Falkner, Klein, Hutter, ICML 2018, and Optuna's multivariate TPE.
#pragma once

#include <cstddef>
#include <vector>

#include <Eigen/Core>

#include <rankine/core/philox.hpp>
#include <rankine/tune/space.hpp>

namespace rankine::tune {

/// How each dimension is seen by a Parzen estimator, and where configurations lie.
class ParzenSpace {
 public:
  /// Dimensions of more values than this count as real ones.
  static constexpr std::size_t kFew = 64;

  explicit ParzenSpace(const Space& space);
  const Space& space() const { return *space_; }
  std::size_t size() const { return few_.size(); }
  /// Number of values of a dimension with few of them, else 0.
  std::size_t few(std::size_t dimension) const { return few_[dimension]; }
  bool is_categorical(std::size_t dimension) const;
  /// Cell boundaries in [0, 1], few + 1 of them.
  const std::vector<double>& ends(std::size_t dimension) const { return ends_[dimension]; }

  /// A coordinate a dimension: in [0, 1] of real ones, the position of the value of those with few; NaN:
  /// inactive.
  std::vector<double> place(const Configuration& configuration) const;

 private:
  const Space* space_;
  std::vector<std::size_t> few_;
  std::vector<std::vector<double>> ends_;
};

struct ParzenOptions {
  double prior_weight = 1;
  double width = 0.2;       ///< kernels are width * n^(-1 / (d + 4)) wide
  double narrowest = 0.01;  ///< and not narrower than this, nor than 1 / (1 + n) (the "magic clip")
};

class Parzen {
 public:
  /// `places`: of the configurations, see ParzenSpace::place; `weights`: one each.
  Parzen(const ParzenSpace& space, const std::vector<const std::vector<double>*>& places,
         const std::vector<double>& weights, const ParzenOptions& options);

  /// A point of the mixture, as coordinates of ParzenSpace::place without regard of conditions.
  std::vector<double> draw(Philox& random) const;
  /// Logarithm of the density at a place. Inactive coordinates count as 1.
  double log_density(const std::vector<double>& place) const;

 private:
  /// Kernel mass of value j of a dimension around value i; row `few` is the prior's.
  using Masses = Eigen::ArrayXXd;
  Masses masses(std::size_t dimension) const;
  void normalise();

  const ParzenSpace& space_;
  double sigma_ = 1, prior_weight_ = 1;
  double categorical_share_ = 0;
  std::vector<Eigen::ArrayXd> middles_;           // of real dimensions, one a kernel; 2: inactive there
  std::vector<std::vector<std::size_t>> values_;  // of dimensions of few values; `few`: inactive there
  std::vector<Masses> masses_;
  std::vector<bool> gaps_;         // some kernel is inactive in this dimension
  Eigen::ArrayXd scaled_;          // weights times the real dimensions' normalisation
  std::vector<double> cumulated_;  // of the weights; the prior is last
};

}  // namespace rankine::tune
