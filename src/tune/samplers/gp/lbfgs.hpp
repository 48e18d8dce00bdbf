// SPDX-License-Identifier: Apache-2.0
// Minimises a smooth function in a box: limited-memory BFGS (Nocedal and Wright, algorithm 7.4) on the
// variables that are free, steps projected into the box and halved until the value falls enough. Pure, for
// tens of variables.
#pragma once

#include <cstddef>
#include <functional>

#include <Eigen/Core>

namespace rankine::tune {

struct LbfgsResult {
  Eigen::VectorXd point;
  double value = 0;
};

/// Gives the value at a point and writes the gradient. A value that is not finite is never accepted.
using SmoothFunction = std::function<double(const Eigen::VectorXd& point, Eigen::VectorXd& gradient)>;

LbfgsResult minimise_in_box(const SmoothFunction& function, Eigen::VectorXd start, const Eigen::VectorXd& low,
                            const Eigen::VectorXd& high, std::size_t iterations);

}  // namespace rankine::tune
