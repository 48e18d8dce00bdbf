// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/nsga2.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "tune/samplers/random.hpp"
#include "tune/samplers/rows.hpp"

namespace rankine::tune {
namespace {

/// One child's coordinate of two parents' (the bounded form of Deb's code is not needed: it is clipped).
double cross(double a, double b, double index, Philox& random) {
  const double u = random.uniform();
  const double spread =
      u < 0.5 ? std::pow(2 * u, 1 / (index + 1)) : std::pow(1 / (2 * (1 - u)), 1 / (index + 1));
  const double sign = random.uniform() < 0.5 ? 1 : -1;
  return std::clamp(0.5 * (a + b + sign * spread * (b - a)), 0.0, 1.0);
}

double mutate(double x, double index, Philox& random) {
  const double u = random.uniform(), power = 1 / (index + 1);
  const double step = u < 0.5 ? std::pow(2 * u + (1 - 2 * u) * std::pow(1 - x, index + 1), power) - 1
                              : 1 - std::pow(2 * (1 - u) + (2 * u - 1) * std::pow(x, index + 1), power);
  return std::clamp(x + step, 0.0, 1.0);
}

}  // namespace

const Nsga2Sampler::Individual& Nsga2Sampler::tournament(Philox& random) const {
  const Individual& a = survivors_[random.below(survivors_.size())];
  const Individual& b = survivors_[random.below(survivors_.size())];
  if (a.front != b.front) return a.front < b.front ? a : b;
  return a.crowding >= b.crowding ? a : b;
}

std::vector<double> Nsga2Sampler::child(const Space& space, Philox& random) const {
  const Individual& mother = tournament(random);
  const Individual& father = tournament(random);
  const bool crossed = random.uniform() < options_.crossover_rate;
  const double mutation_rate = 1 / static_cast<double>(space.size());
  std::vector<double> unit = mother.unit;
  for (std::size_t d = 0; d < unit.size(); ++d) {
    const bool choice = space.dimension(d).kind == Kind::categorical;
    if (crossed && random.uniform() < 0.5) {
      unit[d] =
          choice ? father.unit[d] : cross(mother.unit[d], father.unit[d], options_.crossover_index, random);
    }
    if (random.uniform() >= mutation_rate) continue;
    unit[d] = choice ? random.uniform() : mutate(unit[d], options_.mutation_index, random);
  }
  return unit;
}

std::optional<Configuration> Nsga2Sampler::ask(const History& history, TrialId id) {
  if (survivors_.empty()) return draw_any(history, id);
  Philox random = history.random(id, "nsga2");
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (history.space().is_table() && history.rows_left().empty()) return std::nullopt;
    if (auto made = realise(history, child(history.space(), random))) return made;
  }
  return draw_any(history, id);
}

void Nsga2Sampler::told(const History& history, const Trial& trial) {
  Individual one;
  one.unit = history.space().to_unit(trial.configuration);
  for (std::size_t k = 0; k < history.objectives(); ++k) {
    const bool failed = trial.state == TrialState::failed;
    one.losses.push_back(failed ? std::numeric_limits<double>::infinity() : history.loss(trial, k));
  }
  fresh_.push_back(std::move(one));
  if (fresh_.size() >= options_.population) survive();
}

/// The best fronts whole, of the last one the least crowded.
void Nsga2Sampler::survive() {
  std::vector<Individual> all = std::move(survivors_);
  all.insert(all.end(), std::make_move_iterator(fresh_.begin()), std::make_move_iterator(fresh_.end()));
  fresh_.clear();
  std::vector<Losses> losses;
  for (const Individual& one : all) losses.push_back(one.losses);
  const std::vector<std::size_t> numbers = front_numbers(losses);
  survivors_.clear();
  for (std::size_t number = 0; survivors_.size() < options_.population; ++number) {
    std::vector<std::size_t> front;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (numbers[i] == number) front.push_back(i);
    }
    if (front.empty()) break;
    const std::vector<double> distances = crowding(losses, front);
    std::vector<std::size_t> order(front.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return distances[a] > distances[b]; });
    for (const std::size_t i : order) {
      if (survivors_.size() == options_.population) break;
      Individual& one = all[front[i]];
      one.front = number;
      one.crowding = distances[i];
      survivors_.push_back(std::move(one));
    }
  }
}

}  // namespace rankine::tune
