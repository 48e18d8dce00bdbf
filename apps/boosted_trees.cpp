// SPDX-License-Identifier: Apache-2.0
#include "boosted_trees.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace census {

namespace {

/// First and second derivative of the loss, summed over rows.
struct Sums {
  double gradient = 0;
  double hessian = 0;
  int rows = 0;

  void add(const Sums& other) {
    gradient += other.gradient;
    hessian += other.hessian;
    rows += other.rows;
  }
  Sums without(const Sums& other) const {
    return {gradient - other.gradient, hessian - other.hessian, rows - other.rows};
  }
  double gain(double l2) const { return gradient * gradient / (hessian + l2); }
};

using Histogram = std::array<Sums, BinnedColumn::kBins>;

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

/// The mean of -log p(label), from log odds.
double mean_loss(std::span<const std::uint32_t> rows, std::span<const std::uint8_t> labels,
                 const std::vector<double>& odds) {
  double sum = 0;
  for (const std::uint32_t row : rows) {
    const double margin = labels[row] != 0 ? odds[row] : -odds[row];
    sum += margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
  }
  return sum / static_cast<double>(rows.size());
}

/// Bins in the order in which a threshold runs through them.
std::array<int, BinnedColumn::kBins> order_of(const Histogram& bins, bool ordered, double smoothing) {
  std::array<int, BinnedColumn::kBins> order;
  std::iota(order.begin(), order.end(), 0);
  if (ordered) return order;
  const auto slope = [&](int b) {
    const Sums& bin = bins[static_cast<std::size_t>(b)];
    return bin.gradient / (bin.hessian + smoothing);
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return slope(a) < slope(b); });
  return order;
}

}  // namespace

BinnedColumn bin_numbers(std::span<const double> values, std::span<const std::uint32_t> known) {
  std::vector<double> sorted;
  for (const std::uint32_t row : known) {
    if (!std::isnan(values[row])) sorted.push_back(values[row]);
  }
  std::sort(sorted.begin(), sorted.end());
  constexpr std::size_t most = BinnedColumn::kBins - 1;
  std::vector<double> distinct = sorted;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<double> edges;  // the smallest values of the second bin, the third, ..
  if (distinct.size() <= most) {
    edges.assign(distinct.begin() + (distinct.empty() ? 0 : 1), distinct.end());
  } else {
    for (std::size_t k = 1; k < most; ++k) edges.push_back(sorted[k * sorted.size() / most]);
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  }
  BinnedColumn column;
  for (const double value : values) {
    const auto above = std::upper_bound(edges.begin(), edges.end(), value) - edges.begin();
    column.bins.push_back(std::isnan(value) ? 0 : static_cast<std::uint8_t>(1 + above));
  }
  return column;
}

BinnedColumn bin_codes(std::span<const std::int32_t> codes) {
  BinnedColumn column;
  column.ordered = false;
  for (const std::int32_t code : codes)
    column.bins.push_back(static_cast<std::uint8_t>(std::min(code + 1, BinnedColumn::kBins - 1)));
  return column;
}

struct BoostedTrees::Split {
  double gain = 0;
  int column = -1;
  std::uint64_t left = 0;
};

/// Grows one tree over the rows of `train`, which it puts into the order of the leaves.
struct BoostedTrees::Grower {
  std::span<const BinnedColumn> columns;
  const BoostOptions& options;
  const std::vector<double>& gradients;  // of each row
  const std::vector<double>& hessians;
  Tree tree;

  Split best_of_column(int column, std::span<const std::uint32_t> rows, const Sums& all) const {
    const BinnedColumn& binned = columns[static_cast<std::size_t>(column)];
    Histogram bins{};
    for (const std::uint32_t row : rows) bins[binned.bins[row]].add({gradients[row], hessians[row], 1});
    Split best;
    Sums left;
    std::uint64_t mask = 0;
    for (const int bin : order_of(bins, binned.ordered, options.smoothing)) {
      mask |= std::uint64_t{1} << bin;
      if (bins[static_cast<std::size_t>(bin)].rows == 0) continue;
      left.add(bins[static_cast<std::size_t>(bin)]);
      const Sums right = all.without(left);
      if (left.rows < options.rows_min || right.rows < options.rows_min) continue;
      const double gain = left.gain(options.l2) + right.gain(options.l2) - all.gain(options.l2);
      if (gain > best.gain) best = {gain, column, mask};
    }
    return best;
  }

  void grow(std::size_t node, std::span<std::uint32_t> rows, int depth) {
    Sums all;
    for (const std::uint32_t row : rows) all.add({gradients[row], hessians[row], 1});
    Split best;
    for (int column = 0; depth > 0 && column < static_cast<int>(columns.size()); ++column) {
      const Split split = best_of_column(column, rows, all);
      if (split.gain > best.gain + 1e-12) best = split;
    }
    if (best.column < 0) {
      tree[node].value = -options.shrinkage * all.gradient / (all.hessian + options.l2);
      return;
    }
    const auto& bins = columns[static_cast<std::size_t>(best.column)].bins;
    const auto middle = std::stable_partition(
        rows.begin(), rows.end(), [&](std::uint32_t row) { return (best.left >> bins[row] & 1) != 0; });
    const auto left_rows = static_cast<std::size_t>(middle - rows.begin());
    const std::size_t children = tree.size();
    tree.resize(children + 2);
    tree[node] = {best.column, best.left, static_cast<int>(children), 0};
    grow(children, rows.first(left_rows), depth - 1);
    grow(children + 1, rows.subspan(left_rows), depth - 1);
  }
};

double BoostedTrees::leaf_value(const Tree& tree, std::span<const BinnedColumn> columns, std::uint32_t row) {
  std::size_t node = 0;
  while (tree[node].column >= 0) {
    const std::uint8_t bin = columns[static_cast<std::size_t>(tree[node].column)].bins[row];
    node = static_cast<std::size_t>(tree[node].children) + ((tree[node].left >> bin & 1) != 0 ? 0 : 1);
  }
  return tree[node].value;
}

void BoostedTrees::fit(std::span<const BinnedColumn> columns, std::span<const std::uint8_t> labels,
                       std::vector<std::uint32_t> train, std::span<const std::uint32_t> validation,
                       const BoostOptions& options) {
  const auto ones =
      std::count_if(train.begin(), train.end(), [&](std::uint32_t row) { return labels[row] != 0; });
  const auto zeros = static_cast<std::ptrdiff_t>(train.size()) - ones;
  base_ = std::log((static_cast<double>(ones) + 0.5) / (static_cast<double>(zeros) + 0.5));
  trees_.clear();
  std::vector<double> odds(labels.size(), base_);
  std::vector<double> gradients(labels.size());
  std::vector<double> hessians(labels.size());
  std::size_t best_trees = 0;
  double best_loss = validation.empty() ? 0 : mean_loss(validation, labels, odds);
  while (static_cast<int>(trees_.size()) < options.trees) {
    for (const std::uint32_t row : train) {
      const double p = sigmoid(odds[row]);
      gradients[row] = p - labels[row];
      hessians[row] = p * (1 - p);
    }
    Grower grower{columns, options, gradients, hessians, Tree(1)};
    grower.grow(0, train, options.depth);
    if (grower.tree.size() == 1) break;  // nothing is left to split
    for (const std::uint32_t row : train) odds[row] += leaf_value(grower.tree, columns, row);
    for (const std::uint32_t row : validation) odds[row] += leaf_value(grower.tree, columns, row);
    trees_.push_back(std::move(grower.tree));
    if (validation.empty()) continue;
    const double loss = mean_loss(validation, labels, odds);
    if (loss < best_loss) {
      best_loss = loss;
      best_trees = trees_.size();
    }
    if (trees_.size() >= best_trees + static_cast<std::size_t>(options.patience)) break;
  }
  if (!validation.empty()) trees_.resize(best_trees);
}

double BoostedTrees::probability(std::span<const BinnedColumn> columns, std::uint32_t row) const {
  double odds = base_;
  for (const Tree& tree : trees_) odds += leaf_value(tree, columns, row);
  return sigmoid(odds);
}

}  // namespace census
