// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/cmaes.hpp"

#include <limits>
#include <utility>

#include "tune/samplers/observations.hpp"
#include "tune/samplers/random.hpp"
#include "tune/samplers/rows.hpp"
#include "tune/samplers/sobol.hpp"

namespace rankine::tune {
namespace {

Eigen::VectorXd vector_of(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

std::vector<double> list_of(const Eigen::VectorXd& values) {
  return {values.data(), values.data() + values.size()};
}

}  // namespace

void CmaEsSampler::begin(const History& history, Philox random) {
  const auto size = static_cast<Eigen::Index>(history.space().size());
  Eigen::VectorXd mean = Eigen::VectorXd::Constant(size, 0.5);
  if (starts_ > 0) {
    for (double& x : mean) x = random.uniform();
  } else if (best_start_) {
    mean = best_start_->point;
  }
  for (const Trial& trial : history.earlier()) {  // a warm start begins at the best that is known
    if (starts_ > 0) break;
    const double loss = history.loss(trial);
    if (best_start_ && best_start_->loss <= loss) continue;
    best_start_ = Cma::Scored{vector_of(history.space().to_unit(trial.configuration)), loss};
    mean = best_start_->point;
  }
  population_ = starts_ == 0 ? Cma::default_population(history.space().size()) : 2 * population_;
  ++starts_;
  cma_.emplace(std::move(mean), options_.sigma, population_);
  told_.clear();
}

std::optional<Configuration> CmaEsSampler::ask(const History& history, TrialId id) {
  require_one_objective(history, "cmaes");
  const Space& space = history.space();
  Philox random = history.random(id, "cmaes");
  if (space.is_table() && history.rows_left().empty()) return std::nullopt;
  if (!cma_ && id < options_.startup) {
    const std::vector<double> unit = sobol_point(space.size(), id, history.seed());
    if (auto made = realise(history, unit)) {
      drawn_.emplace(id, vector_of(unit));
      return made;
    }
  }
  if (!cma_ || cma_->converged()) begin(history, random);
  for (int attempt = 0; attempt < 100; ++attempt) {
    Eigen::VectorXd point = cma_->draw(random);
    auto made = realise(history, list_of(point));
    if (!made) continue;
    drawn_.emplace(id, std::move(point));
    return made;
  }
  auto made = draw_any(history, id);  // the constraints hold nowhere near
  if (made) drawn_.emplace(id, vector_of(space.to_unit(*made)));
  return made;
}

void CmaEsSampler::told(const History& history, const Trial& trial) {
  const auto found = drawn_.find(trial.id);
  if (found == drawn_.end()) return;
  Cma::Scored scored{std::move(found->second), history.loss(trial)};
  drawn_.erase(found);
  if (trial.state == TrialState::failed) scored.loss = std::numeric_limits<double>::infinity();
  if (!best_start_ || scored.loss < best_start_->loss) best_start_ = scored;
  if (!cma_) return;
  told_.push_back(std::move(scored));
  if (told_.size() < cma_->population()) return;
  cma_->update(std::exchange(told_, {}));
  keep_spread(history.space());
}

void CmaEsSampler::keep_spread(const Space& space) {
  for (std::size_t d = 0; d < space.size(); ++d) {
    const std::size_t count = space.dimension(d).cardinality();
    if (count > 1) cma_->keep_spread(d, 0.3 / static_cast<double>(count));
  }
}

}  // namespace rankine::tune
