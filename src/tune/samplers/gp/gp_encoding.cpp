// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/gp/gp_encoding.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rankine::tune {

GpEncoding::GpEncoding(const Space& space) : space_(space) {
  for (const Dimension& dimension : space.dimensions()) {
    const std::size_t count = dimension.cardinality();
    const bool choices = dimension.kind == Kind::categorical;
    columns_.push_back(size_);
    moves_.push_back(!choices && (count == 0 || count > kMany));
    size_ += choices ? static_cast<Eigen::Index>(count) : 1;
  }
}

Eigen::VectorXd GpEncoding::encode(const Configuration& configuration) const {
  Eigen::VectorXd point = Eigen::VectorXd::Zero(size_);
  for (std::size_t d = 0; d < space_.size(); ++d) {
    const double value = configuration.values[d];
    const Dimension& dimension = space_.dimension(d);
    if (dimension.kind != Kind::categorical) {
      point[columns_[d]] = std::isnan(value) ? 0.5 : dimension.to_unit(value);
    } else if (!std::isnan(value)) {
      point[columns_[d] + static_cast<Eigen::Index>(value)] =
          std::numbers::sqrt2 / 2;  // two choices: distance 1
    }
  }
  return point;
}

void GpEncoding::box(const Configuration& configuration, Eigen::VectorXd& low, Eigen::VectorXd& high) const {
  low = high = encode(configuration);
  for (std::size_t d = 0; d < space_.size(); ++d) {
    if (!moves_[d] || std::isnan(configuration.values[d])) continue;
    low[columns_[d]] = 0;
    high[columns_[d]] = 1;
  }
}

Configuration GpEncoding::moved(const Configuration& configuration, const Eigen::VectorXd& point) const {
  Configuration made = configuration;
  for (std::size_t d = 0; d < space_.size(); ++d) {
    if (!moves_[d] || std::isnan(configuration.values[d])) continue;
    made.values[d] = space_.dimension(d).from_unit(point[columns_[d]]);
  }
  return made;
}

Eigen::VectorXd even_losses(const std::vector<double>& losses) {
  std::vector<double> finite;
  for (const double loss : losses) {
    if (std::isfinite(loss)) finite.push_back(loss);
  }
  Eigen::VectorXd values = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(losses.size()));
  if (finite.empty()) return values;
  std::sort(finite.begin(), finite.end());
  const double median = finite[finite.size() / 2], worst = finite.back();
  const double scale = median - finite.front();
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double loss = std::isfinite(losses[i]) ? losses[i] : worst;
    const double above = loss - median;
    const bool softened = above > 0 && scale > 0;
    values[static_cast<Eigen::Index>(i)] = softened ? median + scale * std::log1p(above / scale) : loss;
  }
  values.array() -= values.mean();
  const double deviation = std::sqrt(values.squaredNorm() / static_cast<double>(values.size()));
  if (deviation > 0) values /= deviation;
  return values;
}

}  // namespace rankine::tune
