// SPDX-License-Identifier: Apache-2.0
// Configurations as points for a Gaussian process, and losses as values that suit one. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include <Eigen/Core>

#include <rankine/tune/space.hpp>

namespace rankine::tune {

class GpEncoding {
 public:
  /// Dimensions of more values than this move like real ones and are rounded.
  static constexpr std::size_t kMany = 64;

  explicit GpEncoding(const Space& space);
  Eigen::Index size() const { return size_; }
  /// Of an inactive dimension the middle.
  Eigen::VectorXd encode(const Configuration& configuration) const;
  /// Whether the dimension of the space moves continuously.
  bool moves(std::size_t dimension) const { return moves_[dimension]; }
  /// The bounds in which a point may move while all dimensions that do not move, or are inactive, keep its
  /// values.
  void box(const Configuration& configuration, Eigen::VectorXd& low, Eigen::VectorXd& high) const;
  /// `configuration` with the moving dimensions from an encoded point.
  Configuration moved(const Configuration& configuration, const Eigen::VectorXd& point) const;

 private:
  const Space& space_;
  std::vector<Eigen::Index> columns_;
  std::vector<bool> moves_;
  Eigen::Index size_ = 0;
};

/// Losses made even: above the median they grow with the logarithm only (a few huge ones would hide all
/// else), what is not finite counts as the worst, then mean 0 and variance 1.
Eigen::VectorXd even_losses(const std::vector<double>& losses);

}  // namespace rankine::tune
