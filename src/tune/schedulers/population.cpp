// SPDX-License-Identifier: Apache-2.0
#include "tune/schedulers/population.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace rankine::tune {

namespace {

double perturbed(const Dimension& dimension, double value, const SchedulerOptions& options, Philox& random) {
  if (random.uniform() < options.resample_probability) return dimension.from_unit(random.uniform());
  const double factor = options.factors[random.below(options.factors.size())];
  const std::size_t count = dimension.cardinality();
  switch (dimension.kind) {
    case Kind::categorical:
      return value;  // choices have no order
    case Kind::levels: {
      const auto at = std::lower_bound(dimension.levels.begin(), dimension.levels.end(), value);
      const auto k = static_cast<std::size_t>(at - dimension.levels.begin());
      if (factor < 1) return dimension.levels[k == 0 ? 0 : k - 1];
      return dimension.levels[std::min(k + 1, count - 1)];
    }
    case Kind::real:
    case Kind::integer:
      break;
  }
  const double tenth = (dimension.high - dimension.low) / 10;
  double moved = dimension.low > 0 ? value * factor : value + (factor < 1 ? -tenth : tenth);
  // A small integer would never leave its place.
  if (dimension.kind == Kind::integer && std::abs(moved - value) < 1) moved = value + (factor < 1 ? -1 : 1);
  return dimension.from_unit(dimension.to_unit(std::clamp(moved, dimension.low, dimension.high)));
}

}  // namespace

Configuration explore(const Space& space, const Configuration& from, const SchedulerOptions& options,
                      Philox& random) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    Configuration made = from;
    for (std::size_t k = 0; k < space.size(); ++k) {
      const Dimension& dimension = space.dimension(k);
      made.values[k] = std::isnan(from.values[k]) ? dimension.from_unit(random.uniform())
                                                  : perturbed(dimension, from.values[k], options, random);
    }
    space.deactivate(made.values);
    if (space.allows(made)) return made;
  }
  return from;
}

Step PopulationBasedTraining::until(Step from) const {
  return from + options_.interval >= options_.steps_max ? kLastStep : from + options_.interval;
}

TrialId PopulationBasedTraining::source_for(const History& history, const Trial& member) const {
  std::vector<std::pair<double, TrialId>> ranked;
  for (const Trial& trial : history.trials()) {
    if (trial.state == TrialState::failed || trial.reports.empty()) continue;
    ranked.emplace_back(history.loss(trial), trial.id);
  }
  std::sort(ranked.begin(), ranked.end());
  const auto exchanged =
      static_cast<std::size_t>(std::ceil(options_.quantile * static_cast<double>(ranked.size())));
  if (2 * exchanged > ranked.size()) return kNoTrial;
  for (std::size_t k = ranked.size() - exchanged; k < ranked.size(); ++k) {
    if (ranked[k].second != member.id) continue;
    Philox random = history.random(member.id, fmt::format("exploit at {}", member.last_step()));
    const auto& [loss, source] = ranked[random.below(exchanged)];
    return loss < ranked[k].first ? source : kNoTrial;
  }
  return kNoTrial;
}

Next PopulationBasedTraining::next(const History& history, double, bool may_start) {
  Next next;
  if (may_start && history.trials().size() < options_.population) {
    next.kind = Next::Kind::start;
    next.until = until(0);
    return next;
  }
  if (history.paused_count() == 0) return next;
  const Trial* member = nullptr;
  for (const Trial& trial : history.trials()) {
    if (trial.state != TrialState::paused) continue;
    if (member == nullptr || trial.last_step() < member->last_step()) member = &trial;
  }
  next.kind = Next::Kind::resume;
  next.trial = member->id;
  const TrialId source = source_for(history, *member);
  Step from = member->last_step();
  if (source != kNoTrial) {
    from = history.trial(source).last_step();
    // A source at its end cannot go on: the member keeps what it has.
    if (from >= options_.steps_max) return next.until = until(member->last_step()), next;
    Philox random = history.random(member->id, fmt::format("explore at {}", member->last_step()));
    next.source = source;
    next.configuration = explore(history.space(), history.trial(source).configuration, options_, random);
  }
  next.until = until(from);
  return next;
}

}  // namespace rankine::tune
