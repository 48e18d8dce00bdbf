// SPDX-License-Identifier: Apache-2.0
// Reconciled forecasts add up, and are those of formulas worked out by hand.
#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/forecast/hierarchy.hpp>

#include "catch.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;
using Values = std::vector<double>;

const Hierarchy kTwoLevels{4, {{0, 1, 2, 3}, {0, 1}, {2, 3}}};

Values random_values(std::size_t count, std::uint64_t key) {
  rankine::Philox random(4, key);
  Values values(count);
  for (double& value : values) value = 10 + 3 * random.normal();
  return values;
}

TEST_CASE("Whatever the method, forecasts add up, and those that do are left alone") {
  const Values residuals = random_values(7 * 30, 2);
  for (const auto how : {Reconciliation::kBottomUp, Reconciliation::kOls, Reconciliation::kMinTShrink}) {
    const Values out = reconcile(kTwoLevels, random_values(7 * 3, 1), how, residuals);
    REQUIRE(out.size() == 21);
    for (std::size_t k = 0; k < 3; ++k) {
      const auto at = [&](std::size_t series) { return out[3 * series + k]; };
      CHECK(at(0) == Approx(at(3) + at(4) + at(5) + at(6)));
      CHECK(at(1) == Approx(at(3) + at(4)));
      CHECK(at(2) == Approx(at(5) + at(6)));
    }
    const Values again = reconcile(kTwoLevels, out, how, residuals);
    for (std::size_t i = 0; i < out.size(); ++i) CHECK(again[i] == Approx(out[i]));
  }
}

TEST_CASE("OLS shares what is missing evenly: a third each for a sum of two") {
  const Hierarchy sum{2, {{0, 1}}};
  const Values base{10, 3, 4};  // 3 are missing
  const Values out = reconcile(sum, base, Reconciliation::kOls);
  CHECK(out[0] == Approx(9));
  CHECK(out[1] == Approx(4));
  CHECK(out[2] == Approx(5));
  CHECK(reconcile(sum, base, Reconciliation::kBottomUp) == Values{7, 3, 4});
}

TEST_CASE("MinT moves what is known badly") {
  const Hierarchy sum{2, {{0, 1}}};
  // Errors that are uncorrelated and of sizes 1, 0.01, 1: the weights are the variances.
  const Values residuals{1, 1, -1, -1, 0.01, -0.01, 0.01, -0.01, 1, -1, -1, 1};
  const Values out = reconcile(sum, Values{10, 3, 4}, Reconciliation::kMinTShrink, residuals);
  const double missing = 3, weights = 1 + 1e-4 + 1;
  CHECK(out[0] == Approx(10 - missing * 1 / weights));
  CHECK(out[1] == Approx(3 + missing * 1e-4 / weights));
  CHECK(out[2] == Approx(4 + missing * 1 / weights));
}

TEST_CASE("MinT works with fewer times than series, and with a series that has no errors") {
  Values residuals = random_values(7 * 3, 5);
  std::fill(residuals.begin() + 9, residuals.begin() + 12, 0.0);
  const Values out = reconcile(kTwoLevels, random_values(7, 6), Reconciliation::kMinTShrink, residuals);
  CHECK(out[0] == Approx(out[1] + out[2]));
}

TEST_CASE("What does not fit is refused with a sentence") {
  const auto words = [](const Hierarchy& hierarchy, const Values& base, Reconciliation how,
                        const Values& residuals) {
    return thrown<rankine::InputError>([&] { reconcile(hierarchy, base, how, residuals); });
  };
  CHECK(contains(words(kTwoLevels, Values(8, 1.0), Reconciliation::kOls, {}), "7 series"));
  CHECK(contains(words({2, {{0, 2}}}, Values(3, 1.0), Reconciliation::kOls, {}), "bottom series 2"));
  CHECK(contains(words(kTwoLevels, Values(7, 1.0), Reconciliation::kMinTShrink, Values(14, 1.0)), "3 times"));
  CHECK(contains(words(kTwoLevels, Values(7, 0.0 / 0.0), Reconciliation::kOls, {}), "not finite"));
}

}  // namespace
