// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/tpe.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "tune/samplers/observations.hpp"
#include "tune/samplers/random.hpp"

namespace rankine::tune {
namespace {

/// Places of configurations with one weight each, in the order in which they were observed.
struct Group {
  std::vector<const std::vector<double>*> places;
  std::vector<double> weights;
};

/// The last `recent` ones weigh 1, before them the weights grow in a line from 1 / n.
std::vector<double> weights_by_age(std::size_t count, std::size_t recent) {
  std::vector<double> weights(count, 1);
  if (count <= recent) return weights;
  const std::size_t old = count - recent;
  const double first = 1 / static_cast<double>(count);
  for (std::size_t i = 0; i < old; ++i) {
    const double share = old > 1 ? static_cast<double>(i) / static_cast<double>(old - 1) : 0;
    weights[i] = first + (1 - first) * share;
  }
  return weights;
}

/// Which observations are among the `count` of least loss; among equal ones the earlier.
std::vector<bool> least(const std::vector<Observation>& known, std::size_t count) {
  std::vector<std::size_t> order(known.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto before = [&](std::size_t a, std::size_t b) {
    return known[a].loss < known[b].loss || (known[a].loss == known[b].loss && a < b);
  };
  if (count < order.size()) {
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(), before);
  }
  std::vector<bool> chosen(known.size());
  for (std::size_t i = 0; i < std::min(count, order.size()); ++i) chosen[order[i]] = true;
  return chosen;
}

/// A drawn place as a configuration; inactive dimensions of the place are switched off, too.
Configuration configuration_at(const ParzenSpace& parzen, std::vector<double>& place) {
  const Space& space = parzen.space();
  Configuration made;
  made.values.resize(space.size());
  for (std::size_t d = 0; d < space.size(); ++d) {
    if (!space.active(made.values, d)) {
      made.values[d] = place[d] = kInactive;
      continue;
    }
    const Dimension& dimension = space.dimension(d);
    made.values[d] = parzen.few(d) > 0 ? dimension.value_at(static_cast<std::size_t>(place[d]))
                                       : dimension.from_unit(place[d]);
  }
  return made;
}

/// The remaining row (all, or as many as are to be compared) of the greatest ratio.
Configuration best_row(const History& history, const ParzenSpace& parzen, const Parzen& good,
                       const Parzen& others, std::size_t most, Philox& random) {
  const auto& left = history.rows_left();
  const Configuration* best = nullptr;
  double greatest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < std::min(most, left.size()); ++i) {
    const std::size_t which = left.size() <= most ? i : random.below(left.size());
    const Configuration& row = history.space().row(left[which]);
    const std::vector<double> place = parzen.place(row);
    const double ratio = good.log_density(place) - others.log_density(place);
    if (ratio > greatest || (ratio == greatest && best && row.row < best->row)) {
      greatest = ratio;
      best = &row;
    }
  }
  return *best;
}

}  // namespace

std::optional<Configuration> TpeSampler::ask(const History& history, TrialId id) {
  require_one_objective(history, "tpe");
  const Space& space = history.space();
  const Observations seen = observe(history, std::max(options_.startup, space.size() + 2));
  if (seen.known.size() < options_.startup) return draw_any(history, id);
  if (space.is_table() && history.rows_left().empty()) return std::nullopt;

  const ParzenSpace parzen(space);
  std::vector<std::vector<double>> places;
  places.reserve(seen.known.size() + seen.pending.size());
  for (const Observation& one : seen.known) places.push_back(parzen.place(*one.configuration));
  for (const Configuration* pending : seen.pending) places.push_back(parzen.place(*pending));
  const auto share =
      static_cast<std::size_t>(std::ceil(options_.good_share * static_cast<double>(seen.known.size())));
  const std::vector<bool> chosen = least(seen.known, std::min(share, options_.good_most));
  Group good, others;
  for (std::size_t i = 0; i < places.size(); ++i) {
    (i < chosen.size() && chosen[i] ? good : others).places.push_back(&places[i]);
  }
  good.weights = weights_by_age(good.places.size(), options_.recent);
  others.weights = weights_by_age(others.places.size(), options_.recent);
  const Parzen of_good(parzen, good.places, good.weights, options_.good);
  const Parzen of_others(parzen, others.places, others.weights, options_.others);

  Philox random = history.random(id, "tpe");
  if (space.is_table()) return best_row(history, parzen, of_good, of_others, options_.rows_most, random);
  std::optional<Configuration> best;
  double greatest = -std::numeric_limits<double>::infinity();
  for (std::size_t tries = 0, scored = 0; scored < options_.candidates && tries < 1'000; ++tries) {
    std::vector<double> place = of_good.draw(random);
    Configuration candidate = configuration_at(parzen, place);
    if (!space.allows(candidate)) continue;
    ++scored;
    const double ratio = of_good.log_density(place) - of_others.log_density(place);
    if (ratio <= greatest) continue;
    greatest = ratio;
    best = std::move(candidate);
  }
  return best ? best : draw_any(history, id);
}

}  // namespace rankine::tune
