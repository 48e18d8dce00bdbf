// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/parzen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace rankine::tune {
namespace {

constexpr double kNowhere = 2;  // an inactive coordinate among middles

double normal_mass(double from, double to) {
  return 0.5 * (std::erfc(from / std::numbers::sqrt2) - std::erfc(to / std::numbers::sqrt2));
}

double draw_inside(double middle, double sigma, Philox& random) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    const double x = middle + sigma * random.normal();
    if (x >= 0 && x <= 1) return x;
  }
  return middle;
}

/// The mass in [0, 1] of Gaussians of one width, by their middle: a table, because there may be many kernels.
class MassInside {
 public:
  explicit MassInside(double sigma) {
    for (std::size_t i = 0; i <= kCells; ++i) {
      const double middle = static_cast<double>(i) / kCells;
      table_[i] = normal_mass(-middle / sigma, (1 - middle) / sigma);
    }
  }
  double operator()(double middle) const {
    const double at = std::clamp(middle, 0.0, 1.0) * kCells;
    const auto i = std::min(static_cast<std::size_t>(at), kCells - 1);
    const double share = at - static_cast<double>(i);
    return table_[i] * (1 - share) + table_[i + 1] * share;
  }

 private:
  static constexpr std::size_t kCells = 2048;
  double table_[kCells + 1];
};

}  // namespace

ParzenSpace::ParzenSpace(const Space& space) : space_(&space) {
  for (const Dimension& dimension : space.dimensions()) {
    const std::size_t count = dimension.cardinality();
    const bool few = count > 0 && (count <= kFew || dimension.kind == Kind::categorical);
    few_.push_back(few ? count : 0);
    std::vector<double>& ends = ends_.emplace_back();
    if (!few || dimension.kind == Kind::categorical) continue;
    ends.push_back(0);
    for (std::size_t k = 0; k < count; ++k) ends.push_back(dimension.cell(dimension.value_at(k)).second);
  }
}

bool ParzenSpace::is_categorical(std::size_t dimension) const {
  return space_->dimension(dimension).kind == Kind::categorical;
}

std::vector<double> ParzenSpace::place(const Configuration& configuration) const {
  std::vector<double> place(size());
  for (std::size_t i = 0; i < size(); ++i) {
    const double value = configuration.values[i];
    const Dimension& dimension = space_->dimension(i);
    if (std::isnan(value))
      place[i] = kInactive;
    else
      place[i] = few_[i] > 0 ? static_cast<double>(dimension.place_of(value)) : dimension.to_unit(value);
  }
  return place;
}

Parzen::Parzen(const ParzenSpace& space, const std::vector<const std::vector<double>*>& places,
               const std::vector<double>& weights, const ParzenOptions& options)
    : space_(space),
      middles_(space.size()),
      values_(space.size()),
      masses_(space.size()),
      gaps_(space.size()) {
  const auto count = static_cast<double>(places.size());
  const auto size = static_cast<double>(space.size());
  sigma_ = options.width * std::pow(std::max(count, 1.0), -1 / (size + 4));
  sigma_ = std::clamp(sigma_, std::max(options.narrowest, 1 / (2 + count)), 1.0);
  double sum = options.prior_weight;
  for (const double weight : weights) sum += weight;
  prior_weight_ = options.prior_weight / sum;
  categorical_share_ = options.prior_weight / (count + 1);
  const auto kernels = static_cast<Eigen::Index>(places.size());
  scaled_.resize(kernels);
  double so_far = 0;
  for (Eigen::Index k = 0; k < kernels; ++k) {
    scaled_[k] = weights[static_cast<std::size_t>(k)] / sum;
    cumulated_.push_back(so_far += scaled_[k]);
  }
  cumulated_.push_back(1);
  for (std::size_t d = 0; d < space.size(); ++d) {
    if (space.few(d) > 0)
      masses_[d] = masses(d);
    else
      middles_[d].resize(kernels);
    for (Eigen::Index k = 0; k < kernels; ++k) {
      const double at = (*places[static_cast<std::size_t>(k)])[d];
      gaps_[d] = gaps_[d] || std::isnan(at);
      if (space.few(d) > 0)
        values_[d].push_back(std::isnan(at) ? space.few(d) : static_cast<std::size_t>(at));
      else
        middles_[d][k] = std::isnan(at) ? kNowhere : at;
    }
  }
  normalise();
}

/// The weights take over what makes a Gaussian cut to [0, 1] integrate to 1.
void Parzen::normalise() {
  const MassInside inside(sigma_);
  const double peak = 1 / (sigma_ * std::sqrt(2 * std::numbers::pi));
  for (const Eigen::ArrayXd& middle : middles_) {
    for (Eigen::Index k = 0; k < middle.size(); ++k) {
      if (middle[k] != kNowhere) scaled_[k] *= peak / inside(middle[k]);
    }
  }
}

Parzen::Masses Parzen::masses(std::size_t d) const {
  const auto count = static_cast<Eigen::Index>(space_.few(d));
  Masses made(count + 1, count);
  if (space_.is_categorical(d)) {
    const double share = categorical_share_ / static_cast<double>(count);
    made.setConstant(share / (1 + categorical_share_));
    for (Eigen::Index i = 0; i < count; ++i) made(i, i) = (1 + share) / (1 + categorical_share_);
    made.row(count).setConstant(1 / static_cast<double>(count));
    return made;
  }
  const std::vector<double>& ends = space_.ends(d);
  for (Eigen::Index i = 0; i <= count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double middle = i < count ? (ends[at] + ends[at + 1]) / 2 : 0.5;
    for (Eigen::Index j = 0; j < count; ++j) {
      const double from = ends[static_cast<std::size_t>(j)], to = ends[static_cast<std::size_t>(j) + 1];
      made(i, j) = i < count ? normal_mass((from - middle) / sigma_, (to - middle) / sigma_) : to - from;
    }
    made.row(i) /= made.row(i).sum();
  }
  return made;
}

std::vector<double> Parzen::draw(Philox& random) const {
  const double luck = random.uniform();
  const auto found = std::upper_bound(cumulated_.begin(), cumulated_.end() - 1, luck);
  const auto kernel = static_cast<std::size_t>(found - cumulated_.begin());
  const bool prior = kernel + 1 == cumulated_.size();
  std::vector<double> place(space_.size());
  for (std::size_t d = 0; d < space_.size(); ++d) {
    const std::size_t few = space_.few(d);
    if (few == 0) {
      const auto k = static_cast<Eigen::Index>(kernel);
      const double middle = prior ? kNowhere : middles_[d][k];
      place[d] = middle == kNowhere ? random.uniform() : draw_inside(middle, sigma_, random);
      continue;
    }
    const auto row = static_cast<Eigen::Index>(prior ? few : values_[d][kernel]);
    double left = random.uniform();
    Eigen::Index value = 0;
    while (value + 1 < masses_[d].cols() && left >= masses_[d](row, value)) left -= masses_[d](row, value++);
    place[d] = static_cast<double>(value);
  }
  return place;
}

double Parzen::log_density(const std::vector<double>& place) const {
  const auto kernels = scaled_.size();
  Eigen::ArrayXd distance = Eigen::ArrayXd::Zero(kernels);
  Eigen::ArrayXd factor = scaled_;
  double prior = prior_weight_;
  for (std::size_t d = 0; d < space_.size(); ++d) {
    if (std::isnan(place[d])) continue;
    if (space_.few(d) == 0) {
      if (!gaps_[d])
        distance += (middles_[d] - place[d]).square();
      else
        distance += (middles_[d] == kNowhere).select(0.0, (middles_[d] - place[d]).square());
      continue;
    }
    const auto value = static_cast<Eigen::Index>(place[d]);
    const double* column = masses_[d].col(value).data();
    for (Eigen::Index k = 0; k < kernels; ++k) factor[k] *= column[values_[d][static_cast<std::size_t>(k)]];
    prior *= column[space_.few(d)];
  }
  const double sum = (factor * (distance * (-0.5 / (sigma_ * sigma_))).exp()).sum();
  return std::log(std::max(sum + prior, std::numeric_limits<double>::min()));
}

}  // namespace rankine::tune
