// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/gp/lbfgs.hpp"

#include <cmath>
#include <deque>
#include <utility>

namespace rankine::tune {
namespace {

struct Pair {
  Eigen::VectorXd step, change;
  double scale = 0;
};

/// The two-loop recursion.
Eigen::VectorXd direction_of(const std::deque<Pair>& pairs, Eigen::VectorXd gradient) {
  std::vector<double> shares(pairs.size());
  for (std::size_t i = pairs.size(); i-- > 0;) {
    shares[i] = pairs[i].scale * pairs[i].step.dot(gradient);
    gradient -= shares[i] * pairs[i].change;
  }
  if (!pairs.empty()) gradient *= 1 / (pairs.back().scale * pairs.back().change.squaredNorm());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    gradient += (shares[i] - pairs[i].scale * pairs[i].change.dot(gradient)) * pairs[i].step;
  }
  return -gradient;
}

/// The gradient without what points out of the box at its border.
Eigen::VectorXd free_part(const Eigen::VectorXd& point, Eigen::VectorXd gradient, const Eigen::VectorXd& low,
                          const Eigen::VectorXd& high) {
  for (Eigen::Index i = 0; i < point.size(); ++i) {
    const bool stuck = (point[i] <= low[i] && gradient[i] > 0) || (point[i] >= high[i] && gradient[i] < 0);
    if (stuck) gradient[i] = 0;
  }
  return gradient;
}

}  // namespace

LbfgsResult minimise_in_box(const SmoothFunction& function, Eigen::VectorXd start, const Eigen::VectorXd& low,
                            const Eigen::VectorXd& high, std::size_t iterations) {
  Eigen::VectorXd point = start.cwiseMax(low).cwiseMin(high), gradient(point.size());
  double value = function(point, gradient);
  std::deque<Pair> pairs;
  for (std::size_t i = 0; i < iterations && std::isfinite(value); ++i) {
    const Eigen::VectorXd free = free_part(point, gradient, low, high);
    if (free.cwiseAbs().maxCoeff() < 1e-7) break;
    Eigen::VectorXd direction = direction_of(pairs, free);
    for (Eigen::Index k = 0; k < direction.size(); ++k) {
      if (free[k] == 0) direction[k] = 0;
    }
    if (direction.dot(free) >= 0) {
      pairs.clear();
      direction = -free;
    }
    double length = pairs.empty() ? std::min(1.0, 0.1 / direction.norm()) : 1.0;
    Eigen::VectorXd next, next_gradient(point.size());
    double next_value = value;
    bool moved = false;
    for (int halving = 0; halving < 20 && !moved; ++halving, length /= 2) {
      next = (point + length * direction).cwiseMax(low).cwiseMin(high);
      next_value = function(next, next_gradient);
      moved = std::isfinite(next_value) && next_value <= value + 1e-4 * free.dot(next - point);
    }
    if (!moved) break;
    Pair pair{next - point, next_gradient - gradient, 0};
    const double product = pair.step.dot(pair.change);
    if (product > 1e-12 * pair.change.squaredNorm()) {
      pair.scale = 1 / product;
      pairs.push_back(std::move(pair));
      if (pairs.size() > 8) pairs.pop_front();
    }
    const bool settled = std::fabs(value - next_value) < 1e-10 * (1 + std::fabs(value));
    point = next;
    value = next_value;
    gradient = next_gradient;
    if (settled) break;
  }
  return {std::move(point), value};
}

}  // namespace rankine::tune
