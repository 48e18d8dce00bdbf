// SPDX-License-Identifier: Apache-2.0
// The boosted trees of rankine-census against splits, values and losses that are known.
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <rankine/core/philox.hpp>

#include "boosted_trees.hpp"
#include "catch.hpp"

using census::BinnedColumn;
using census::BoostedTrees;
using census::BoostOptions;

namespace {

std::vector<std::uint32_t> all_rows(std::size_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

}  // namespace

TEST_CASE("numbers are binned in order, few values exactly, missing ones apart") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> values{3, 1, nan, 2, 1, 99};
  const BinnedColumn column = census::bin_numbers(values, std::vector<std::uint32_t>{0, 1, 2, 3, 4});
  CHECK(column.ordered);
  CHECK(column.bins == std::vector<std::uint8_t>{3, 1, 0, 2, 1, 3});
  std::vector<double> many(1000);
  std::iota(many.begin(), many.end(), 0.0);
  const BinnedColumn quantiles = census::bin_numbers(many, all_rows(1000));
  CHECK(quantiles.bins.front() == 1);
  CHECK(quantiles.bins.back() == 63);
  for (std::size_t k = 1; k < 1000; ++k) CHECK(quantiles.bins[k] >= quantiles.bins[k - 1]);
}

TEST_CASE("codes have bins of their own up to the sixty-second") {
  const BinnedColumn column = census::bin_codes(std::vector<std::int32_t>{-1, 0, 61, 62, 1000});
  CHECK_FALSE(column.ordered);
  CHECK(column.bins == std::vector<std::uint8_t>{0, 1, 62, 63, 63});
}

TEST_CASE("one split of one tree has the leaf values of the formula") {
  // 40 rows: x <= 19 has 5 ones of 20, x > 19 has 15 of 20; the base rate is one half.
  std::vector<double> x(40);
  std::iota(x.begin(), x.end(), 0.0);
  std::vector<std::uint8_t> labels(40);
  for (std::size_t k = 0; k < 40; ++k) labels[k] = k < 20 ? k < 5 : k < 35;
  // The best threshold of all lies elsewhere: two values only leave this one.
  for (double& value : x) value = value < 20 ? 0 : 1;
  const std::vector<BinnedColumn> columns{census::bin_numbers(x, all_rows(40))};
  BoostedTrees model;
  model.fit(columns, labels, all_rows(40), {}, {.trees = 1, .depth = 3, .shrinkage = 0.5, .l2 = 2});
  REQUIRE(model.trees() == 1);
  const double value = 0.5 * 5 / (20 * 0.25 + 2);  // shrinkage * -G / (H + l2), G = -5 on the right
  CHECK(model.probability(columns, 39) == Approx(1 / (1 + std::exp(-value))));
  CHECK(model.probability(columns, 0) == Approx(1 / (1 + std::exp(value))));
}

TEST_CASE("the column that separates the classes is found, also as a set of categories") {
  const std::size_t rows = 400;
  rankine::Philox random(1, 1);
  std::vector<std::int32_t> kind(rows);
  std::vector<double> noise(rows);
  std::vector<std::uint8_t> labels(rows);
  for (std::size_t k = 0; k < rows; ++k) {
    kind[k] = static_cast<std::int32_t>(random.below(8));
    noise[k] = random.uniform();
    labels[k] = kind[k] == 1 || kind[k] == 4 || kind[k] == 6;
  }
  const std::vector<BinnedColumn> columns{census::bin_numbers(noise, all_rows(rows)),
                                          census::bin_codes(kind)};
  BoostedTrees model;
  model.fit(columns, labels, all_rows(rows), {}, {.trees = 60, .depth = 1});
  for (std::uint32_t row = 0; row < rows; ++row)
    CHECK((model.probability(columns, row) > 0.9) == (labels[row] == 1));
}

TEST_CASE("what needs two columns at once needs depth two") {
  const std::size_t rows = 400;
  rankine::Philox random(1, 2);
  std::vector<double> a(rows);
  std::vector<double> b(rows);
  std::vector<std::uint8_t> labels(rows);
  for (std::size_t k = 0; k < rows; ++k) {
    a[k] = static_cast<double>(random.below(2));
    b[k] = static_cast<double>(random.below(2));
    labels[k] = a[k] != b[k];
  }
  const std::vector<BinnedColumn> columns{census::bin_numbers(a, all_rows(rows)),
                                          census::bin_numbers(b, all_rows(rows))};
  const auto right = [&](int depth) {
    BoostedTrees model;
    model.fit(columns, labels, all_rows(rows), {}, {.trees = 60, .depth = depth});
    int count = 0;
    for (std::uint32_t row = 0; row < rows; ++row)
      count += (model.probability(columns, row) > 0.5) == (labels[row] == 1);
    return count;
  };
  CHECK(right(1) < 300);
  CHECK(right(2) == 400);
}

TEST_CASE("without anything to learn it keeps no tree, and says the base rate") {
  const std::size_t rows = 1000;
  rankine::Philox random(1, 3);
  std::vector<double> x(rows);
  std::vector<std::uint8_t> labels(rows);
  for (std::size_t k = 0; k < rows; ++k) {
    x[k] = random.uniform();
    labels[k] = random.uniform() < 0.3;
  }
  const std::vector<BinnedColumn> columns{census::bin_numbers(x, all_rows(rows))};
  const std::vector<std::uint32_t> rows_all = all_rows(rows);
  const std::span<const std::uint32_t> validation = std::span(rows_all).last(500);
  BoostedTrees model;
  model.fit(columns, labels, all_rows(500), validation, {});
  CHECK(model.trees() < 10);
  CHECK(model.probability(columns, 0) == Approx(0.3).margin(0.1));
  const std::vector<BinnedColumn> constant{census::bin_numbers(std::vector<double>(rows, 5), all_rows(rows))};
  model.fit(constant, labels, all_rows(rows), {}, {});
  CHECK(model.trees() == 0);
}
