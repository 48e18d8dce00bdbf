// SPDX-License-Identifier: Apache-2.0
// Gradient-boosted trees for two classes on binned columns: the logistic loss, second-order splits and leaf
// values (Friedman 2001; Chen and Guestrin 2016, equations 5 to 7), categories split by sorting them by their
// gradients (Fisher 1958; Ke et al. 2017). An example of a user's model: one thread, no files, no randomness.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace census {

/// A column as bins 0..63; 0 is "missing".
struct BinnedColumn {
  static constexpr int kBins = 64;
  bool ordered = true;  ///< numbers; else categories
  std::vector<std::uint8_t> bins;
};

/// Bins of numbers by quantiles of those rows that are `known`, the same for all rows.
BinnedColumn bin_numbers(std::span<const double> values, std::span<const std::uint32_t> known);
/// Codes 0..61 have bins of their own, all larger ones share the last; -1 is missing.
BinnedColumn bin_codes(std::span<const std::int32_t> codes);

struct BoostOptions {
  int trees = 300;  ///< at most
  int depth = 4;
  double shrinkage = 0.1;
  double l2 = 1;          ///< on leaf values
  int rows_min = 20;      ///< in each child
  int patience = 25;      ///< trees without a better loss on the validation rows after which it stops
  double smoothing = 10;  ///< added to the hessian by which categories are sorted
};

class BoostedTrees {
 public:
  /// labels: 0 or 1 a row. Learns from `train` and keeps as many trees as are best on `validation` (all of
  /// them where that is empty).
  void fit(std::span<const BinnedColumn> columns, std::span<const std::uint8_t> labels,
           std::vector<std::uint32_t> train, std::span<const std::uint32_t> validation,
           const BoostOptions& options);
  /// Probability of label 1.
  double probability(std::span<const BinnedColumn> columns, std::uint32_t row) const;

  std::size_t trees() const { return trees_.size(); }

 private:
  struct Node {
    int column = -1;         ///< -1: a leaf
    std::uint64_t left = 0;  ///< bins whose rows go left
    int children = 0;        ///< the left one; the right one is next to it
    double value = 0;        ///< of a leaf: added to the log odds
  };
  using Tree = std::vector<Node>;
  struct Split;
  struct Grower;

  static double leaf_value(const Tree& tree, std::span<const BinnedColumn> columns, std::uint32_t row);

  double base_ = 0;  ///< log odds without any tree
  std::vector<Tree> trees_;
};

}  // namespace census
