// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/gp/gp.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>
#include <utility>
#include <vector>

#include <rankine/core/hash.hpp>

#include "tune/samplers/gp/acquisition.hpp"
#include "tune/samplers/gp/gp_encoding.hpp"
#include "tune/samplers/gp/lbfgs.hpp"
#include "tune/samplers/observations.hpp"
#include "tune/samplers/random.hpp"
#include "tune/samplers/rows.hpp"
#include "tune/samplers/sobol.hpp"

namespace rankine::tune {
namespace {

/// The best half and the latest of the observations, at most `most`, in their order.
std::vector<Observation> choose(const std::vector<Observation>& known, std::size_t most) {
  if (known.size() <= most) return known;
  std::vector<std::size_t> order(known.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return known[a].loss < known[b].loss; });
  std::vector<bool> taken(known.size());
  for (std::size_t i = 0; i < most / 2; ++i) taken[order[i]] = true;
  std::size_t left = most - most / 2;
  for (std::size_t i = known.size(); i-- > 0 && left > 0;) {
    if (!taken[i]) --left;
    taken[i] = true;
  }
  std::vector<Observation> chosen;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (taken[i]) chosen.push_back(known[i]);
  }
  return chosen;
}

Eigen::MatrixXd matrix_of(const GpEncoding& encoding, const std::vector<Configuration>& configurations) {
  Eigen::MatrixXd points(static_cast<Eigen::Index>(configurations.size()), encoding.size());
  for (std::size_t i = 0; i < configurations.size(); ++i) {
    points.row(static_cast<Eigen::Index>(i)) = encoding.encode(configurations[i]).transpose();
  }
  return points;
}

/// A neighbour: real dimensions moved by a Gaussian of this width, others changed now and then.
std::vector<double> nearby(const Space& space, const GpEncoding& encoding, const Configuration& middle,
                           double width, Philox& random) {
  std::vector<double> unit = space.to_unit(middle);
  for (std::size_t d = 0; d < unit.size(); ++d) {
    if (encoding.moves(d))
      unit[d] = std::clamp(unit[d] + width * random.normal(), 0.0, 1.0);
    else if (random.uniform() < 0.3)
      unit[d] = random.uniform();
  }
  return unit;
}

class Proposals {
 public:
  Proposals(const History& history, const std::vector<Observation>& known,
            const std::vector<const Configuration*>& pending)
      : history_(history) {
    for (const Observation& one : known) seen_.insert(one.configuration->hash());
    for (const Configuration* one : pending) seen_.insert(one->hash());
  }

  /// Keeps what obeys the constraints and was not tried or proposed before.
  void offer(Configuration candidate) {
    if (!history_.space().allows(candidate)) return;
    if (seen_.insert(candidate.hash()).second) all_.push_back(std::move(candidate));
  }
  const std::vector<Configuration>& all() const { return all_; }

 private:
  const History& history_;
  std::unordered_set<std::uint64_t> seen_;
  std::vector<Configuration> all_;
};

/// Candidates all over the space and around the best observations.
std::vector<Configuration> propose(const History& history, const GpEncoding& encoding, Observations seen,
                                   const GpOptions& options, TrialId id, Philox& random) {
  static constexpr double kWidths[] = {0.1, 0.03, 0.01, 0.003};
  const Space& space = history.space();
  Proposals proposals(history, seen.known, seen.pending);
  const std::uint64_t seed = hash_mix(history.seed(), id);
  for (const auto& unit : sobol_points(space.size(), 1, options.spread, seed)) {
    proposals.offer(space.from_unit(unit));
  }
  std::stable_sort(seen.known.begin(), seen.known.end(),
                   [](const Observation& a, const Observation& b) { return a.loss < b.loss; });
  for (std::size_t i = 0; i < std::min<std::size_t>(5, seen.known.size()); ++i) {
    for (std::size_t k = 0; k < options.near; ++k) {
      const auto unit = nearby(space, encoding, *seen.known[i].configuration, kWidths[k % 4], random);
      proposals.offer(space.from_unit(unit));
    }
  }
  return proposals.all();
}

std::vector<Configuration> rows_to_compare(const History& history, std::size_t most, Philox& random) {
  std::vector<std::uint32_t> left = history.rows_left();
  for (std::size_t i = 0; left.size() > most && i < most; ++i) {
    std::swap(left[i], left[i + random.below(left.size() - i)]);
  }
  left.resize(std::min(most, left.size()));
  std::sort(left.begin(), left.end());
  std::vector<Configuration> rows;
  for (const std::uint32_t row : left) rows.push_back(history.space().row(row));
  return rows;
}

/// From the middle of the prior and from where the last fit ended: the better of the two.
GpParameters fit(const Eigen::MatrixXd& points, const Eigen::VectorXd& values, const GpParameters* last) {
  const GpParameters fresh = GaussianProcess::fit(points, values, gp_prior(points.cols()), 30);
  if (!last) return fresh;
  const GpParameters gone_on = GaussianProcess::fit(points, values, *last, 30);
  Eigen::VectorXd unused;
  const double of_fresh = gp_objective(points, values, fresh, unused);
  return gp_objective(points, values, gone_on, unused) <= of_fresh ? gone_on : fresh;
}

/// The candidate of greatest acquisition, improved by local searches where dimensions move.
Configuration climb(const Space& space, const GpEncoding& encoding, const GaussianProcess& process,
                    double best, const std::vector<Configuration>& candidates, std::size_t climbs) {
  Eigen::VectorXd means, deviations;
  process.predict_all(matrix_of(encoding, candidates), means, deviations);
  std::vector<std::pair<double, std::size_t>> ranked;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    ranked.emplace_back(-log_improvement(means[k], deviations[k], best).value, i);
  }
  std::sort(ranked.begin(), ranked.end());
  const auto cost = [&](const Eigen::VectorXd& point, Eigen::VectorXd& gradient) {
    Eigen::VectorXd by_mean, by_deviation;
    const auto at = process.predict(point, by_mean, by_deviation);
    const LogImprovement improvement = log_improvement(at.mean, at.deviation, best);
    gradient = -(improvement.by_mean * by_mean + improvement.by_deviation * by_deviation);
    return -improvement.value;
  };
  Configuration chosen = candidates[ranked.front().second];
  double least = ranked.front().first;
  if (space.is_table()) return chosen;
  for (std::size_t i = 0; i < std::min(climbs, ranked.size()); ++i) {
    const Configuration& from = candidates[ranked[i].second];
    Eigen::VectorXd low, high;
    encoding.box(from, low, high);
    if (low == high) continue;
    const LbfgsResult found = minimise_in_box(cost, encoding.encode(from), low, high, 30);
    Configuration candidate = encoding.moved(from, found.point);
    if (!(found.value < least) || !space.allows(candidate)) continue;
    least = found.value;
    chosen = std::move(candidate);
  }
  return chosen;
}

}  // namespace

std::optional<Configuration> GpSampler::ask(const History& history, TrialId id) {
  require_one_objective(history, "gp");
  const Space& space = history.space();
  if (space.is_table() && history.rows_left().empty()) return std::nullopt;
  const std::size_t startup = options_.startup > 0 ? options_.startup : 4 + space.size();
  const Observations seen = observe(history, startup);
  if (seen.known.size() < startup) {
    const auto even = realise(history, sobol_point(space.size(), evenly_++, history.seed()));
    return even ? even : draw_any(history, id);
  }

  const GpEncoding encoding(space);
  const std::vector<Observation> used = choose(seen.known, options_.points_most);
  std::vector<Configuration> places;
  std::vector<double> losses;
  for (const Observation& one : used) {
    places.push_back(*one.configuration);
    losses.push_back(one.loss);
  }
  const Eigen::MatrixXd points = matrix_of(encoding, places);
  const Eigen::VectorXd values = even_losses(losses);
  const std::size_t count = seen.known.size();
  if (fitted_ == 0 || count <= options_.refit_always || count >= fitted_ + options_.refit_every) {
    parameters_ = fit(points, values, fitted_ > 0 ? &parameters_ : nullptr);
    fitted_ = count;
  }
  GaussianProcess process(points, values, parameters_);
  Eigen::VectorXd means, deviations;
  process.predict_all(points, means, deviations);
  double best = means.minCoeff();
  if (!seen.pending.empty()) {
    std::vector<Configuration> pending;
    for (const Configuration* one : seen.pending) pending.push_back(*one);
    const Eigen::MatrixXd places_pending = matrix_of(encoding, pending);
    process.predict_all(places_pending, means, deviations);
    best = std::min(best, means.minCoeff());  // what is believed is not found a second time
    process = process.believing(places_pending);
  }
  if (options_.bold_every > 0 && id % options_.bold_every == 0) best -= options_.bold;
  Philox random = history.random(id, "gp");
  const std::vector<Configuration> candidates = space.is_table()
                                                    ? rows_to_compare(history, options_.rows_most, random)
                                                    : propose(history, encoding, seen, options_, id, random);
  if (candidates.empty()) return draw_any(history, id);
  return climb(space, encoding, process, best, candidates, options_.climbs);
}

}  // namespace rankine::tune
