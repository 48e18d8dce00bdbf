// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/pareto.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace rankine::tune {

bool dominates(const Losses& a, const Losses& b) {
  bool better = false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k] > b[k]) return false;
    better = better || a[k] < b[k];
  }
  return better;
}

std::vector<std::size_t> front_numbers(const std::vector<Losses>& points) {
  const std::size_t n = points.size();
  std::vector<std::size_t> numbers(n, 0), dominators(n, 0), present;
  std::vector<std::vector<std::size_t>> beneath(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (!dominates(points[i], points[j])) continue;
      beneath[i].push_back(j);
      ++dominators[j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (dominators[i] == 0) present.push_back(i);
  }
  for (std::size_t number = 0; !present.empty(); ++number) {
    std::vector<std::size_t> next;
    for (const std::size_t i : present) {
      numbers[i] = number;
      for (const std::size_t j : beneath[i]) {
        if (--dominators[j] == 0) next.push_back(j);
      }
    }
    present = std::move(next);
  }
  return numbers;
}

std::vector<double> crowding(const std::vector<Losses>& points, const std::vector<std::size_t>& front) {
  std::vector<double> distances(front.size(), 0);
  if (front.empty()) return distances;
  std::vector<std::size_t> order(front.size());
  for (std::size_t k = 0; k < points[front[0]].size(); ++k) {
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto loss = [&](std::size_t i) { return points[front[i]][k]; };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return loss(a) < loss(b); });
    const double range = loss(order.back()) - loss(order.front());
    distances[order.front()] = distances[order.back()] = std::numeric_limits<double>::infinity();
    if (!(range > 0)) continue;
    for (std::size_t i = 1; i + 1 < order.size(); ++i) {
      distances[order[i]] += (loss(order[i + 1]) - loss(order[i - 1])) / range;
    }
  }
  return distances;
}

double hypervolume(std::vector<Losses> points, const Losses& reference) {
  std::erase_if(points, [&](const Losses& point) {
    for (std::size_t k = 0; k < reference.size(); ++k) {
      if (!(point[k] < reference[k])) return true;
    }
    return false;
  });
  if (points.empty()) return 0;
  if (reference.size() == 1) return reference[0] - std::min_element(points.begin(), points.end())->front();
  // Slices along the last loss: below each point's value all earlier points count in one dimension less.
  std::sort(points.begin(), points.end(),
            [](const Losses& a, const Losses& b) { return a.back() < b.back(); });
  const Losses lower_reference(reference.begin(), reference.end() - 1);
  std::vector<Losses> lower;
  double volume = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    lower.emplace_back(points[i].begin(), points[i].end() - 1);
    const double end = i + 1 < points.size() ? points[i + 1].back() : reference.back();
    if (end > points[i].back()) volume += (end - points[i].back()) * hypervolume(lower, lower_reference);
  }
  return volume;
}

}  // namespace rankine::tune
