// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/importance.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>

#include <rankine/core/philox.hpp>

namespace rankine::tune {

namespace {

using Rows = std::vector<std::vector<double>>;

class RandomTree {
 public:
  RandomTree(const Rows& rows, const std::vector<double>& targets, Philox random)
      : rows_(rows), targets_(targets), random_(random) {
    std::vector<std::size_t> all(rows.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    grow(all);
  }
  double operator()(const std::vector<double>& row) const {
    std::size_t at = 0;
    while (nodes_[at].dimension != kLeaf) {
      const Node& node = nodes_[at];
      at = row[node.dimension] < node.threshold ? at + 1 : node.right;
    }
    return nodes_[at].value;
  }

 private:
  static constexpr std::size_t kLeaf = static_cast<std::size_t>(-1);
  static constexpr std::size_t kRowsMin = 3;
  struct Node {
    std::size_t dimension = kLeaf;
    double threshold = 0;
    std::size_t right = 0;  // the left one follows
    double value = 0;
  };
  struct Split {
    std::size_t dimension = kLeaf;
    double threshold = 0;
    double gain = 0;
  };

  /// Of one random threshold in each dimension the one that explains most.
  Split choose(const std::vector<std::size_t>& members) {
    Split best;
    for (std::size_t d = 0; d < rows_[0].size(); ++d) {
      double low = 1, high = 0;
      for (const std::size_t k : members)
        low = std::min(low, rows_[k][d]), high = std::max(high, rows_[k][d]);
      const double threshold = low + (high - low) * random_.uniform();
      if (!(threshold > low)) continue;
      double sums[2] = {0, 0}, counts[2] = {0, 0};
      for (const std::size_t k : members) {
        const int side = rows_[k][d] < threshold ? 0 : 1;
        sums[side] += targets_[k];
        counts[side] += 1;
      }
      if (std::min(counts[0], counts[1]) < 1) continue;
      const double difference = sums[0] / counts[0] - sums[1] / counts[1];
      const double gain = difference * difference * counts[0] * counts[1];
      if (gain > best.gain) best = {d, threshold, gain};
    }
    return best;
  }

  void grow(const std::vector<std::size_t>& members) {
    const std::size_t at = nodes_.size();
    nodes_.emplace_back();
    for (const std::size_t k : members) nodes_[at].value += targets_[k] / static_cast<double>(members.size());
    if (members.size() < 2 * kRowsMin) return;
    const Split split = choose(members);
    if (split.dimension == kLeaf) return;
    std::vector<std::size_t> left, right;
    for (const std::size_t k : members)
      (rows_[k][split.dimension] < split.threshold ? left : right).push_back(k);
    nodes_[at].dimension = split.dimension;
    nodes_[at].threshold = split.threshold;
    grow(left);
    nodes_[at].right = nodes_.size();
    grow(right);
  }

  const Rows& rows_;
  const std::vector<double>& targets_;
  Philox random_;
  std::vector<Node> nodes_;
};

std::vector<double> ranks_of(const std::vector<double>& losses) {
  std::vector<std::size_t> order(losses.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return losses[a] < losses[b]; });
  std::vector<double> ranks(losses.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last < order.size() && losses[order[last]] == losses[order[first]]) ++last;
    for (std::size_t k = first; k < last; ++k)
      ranks[order[k]] = static_cast<double>(first + last) / 2 / static_cast<double>(order.size());
    first = last;
  }
  return ranks;
}

}  // namespace

std::vector<double> importances(const Space& space, const std::vector<Configuration>& configurations,
                                const std::vector<double>& losses, std::uint64_t seed) {
  constexpr std::size_t trials_min = 10;
  constexpr std::size_t trials_max = 1000;
  constexpr std::size_t trees = 32;
  constexpr std::size_t places = 12;
  std::vector<double> shares(space.size());
  if (configurations.size() < trials_min) return shares;
  const std::size_t every = (configurations.size() + trials_max - 1) / trials_max;
  Rows rows;
  std::vector<double> kept;
  for (std::size_t k = 0; k < configurations.size(); k += every) {
    rows.push_back(space.to_unit(configurations[k]));
    kept.push_back(losses[k]);
  }
  const std::vector<double> targets = ranks_of(kept);
  std::vector<RandomTree> forest;
  for (std::size_t k = 0; k < trees; ++k) forest.emplace_back(rows, targets, Philox(seed, k));
  const std::size_t others = (rows.size() + 99) / 100;  // a hundred of them stand for all
  for (std::size_t d = 0; d < space.size(); ++d) {
    std::vector<double> means;
    for (std::size_t place = 0; place < places; ++place) {
      double sum = 0, count = 0;
      for (std::size_t k = 0; k < rows.size(); k += others) {
        std::vector<double> row = rows[k];
        row[d] = (static_cast<double>(place) + 0.5) / places;
        for (const RandomTree& tree : forest) sum += tree(row), count += 1;
      }
      means.push_back(sum / count);
    }
    const double mean = std::accumulate(means.begin(), means.end(), 0.0) / places;
    for (const double value : means) shares[d] += (value - mean) * (value - mean);
  }
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share = total > 1e-12 ? share / total : 0;
  return shares;
}

}  // namespace rankine::tune
