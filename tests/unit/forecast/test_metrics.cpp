// SPDX-License-Identifier: Apache-2.0
// sMAPE, MASE and OWA on cases small enough to work out by hand, and their undefined cases.
#include <cmath>
#include <limits>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/forecast/metrics.hpp>
#include <rankine/forecast/scores.hpp>

#include "catch.hpp"

namespace {

using namespace rankine::forecast;
using Values = std::vector<double>;
const double kNan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("sMAPE runs from 0 to 200 percent") {
  CHECK(smape(Values{1, 2}, Values{1, 2}) == 0);
  CHECK(smape(Values{1}, Values{-1}) == 200);
  CHECK(smape(Values{100, 50}, Values{50, 50}) == Approx(100.0 / 3));  // (200 * 50/150 + 0) / 2
}

TEST_CASE("sMAPE counts a pair of zeros as no error and is undefined without values") {
  CHECK(smape(Values{0, 10}, Values{0, 10}) == 0);
  CHECK(std::isnan(smape(Values{}, Values{})));
  CHECK(std::isnan(smape(Values{1, 2}, Values{1})));
  CHECK(std::isnan(smape(Values{1}, Values{kNan})));
}

TEST_CASE("MASE divides by the in-sample error of the seasonal naive method") {
  const Values train{1, 5, 2, 7, 4, 8};
  CHECK(mase_scale(train, 1) == Approx((4 + 3 + 5 + 3 + 4) / 5.0));
  CHECK(mase_scale(train, 2) == Approx((1 + 2 + 2 + 1) / 4.0));
  CHECK(mase(Values{3, 9}, Values{4, 6}, 1.5) == Approx(2 / 1.5));
}

TEST_CASE("MASE is undefined where the scale is 0 or cannot be had") {
  CHECK(mase_scale(Values{3, 3, 3}, 1) == 0);
  CHECK(std::isnan(mase(Values{3}, Values{4}, 0)));
  CHECK(std::isnan(mase_scale(Values{3, 4}, 2)));
  CHECK(std::isnan(mase(Values{3}, Values{4}, kNan)));
}

TEST_CASE("MSIS is the width of the intervals and forty times what lies outside at 95 percent") {
  // 95 %: a = 0.05, so 2/a = 40. Widths 2, 2, 2; 1 below the second, 0.5 above the third.
  const Values actual{10, 10, 10}, lower{9, 11, 7.5}, upper{11, 13, 9.5};
  CHECK(msis(actual, lower, upper, 95, 4) == Approx((2 + 2 + 40 * 1 + 2 + 40 * 0.5) / 3 / 4));
  CHECK(msis(actual, lower, upper, 80, 1) == Approx((6 + 10 * 1.5) / 3));
  CHECK(std::isnan(msis(actual, lower, upper, 95, 0)));
  CHECK(std::isnan(msis(actual, lower, upper, 100, 1)));
  CHECK(std::isnan(msis(actual, lower, Values{}, 95, 1)));
  CHECK(std::isnan(msis(actual, Values{9, kNan, 9}, upper, 95, 1)));
}

TEST_CASE("Coverage counts the bounds as inside") {
  CHECK(coverage(Values{1, 2, 3, 4}, Values{1, 0, 4, 0}, Values{5, 2, 5, 3}) == 0.5);
  CHECK(std::isnan(coverage(Values{}, Values{}, Values{})));
}

void add(ScoreSum& sum, const char* group, const Values& smape, const Values& mase,
         const std::vector<std::uint8_t>& failed) {
  sum.add(group, {smape, mase, {}, {}, failed});
}

TEST_CASE("Scores are means by group and over all series, OWA is relative to Naive2") {
  ScoreSum sum({"A", "empty", "B"}, {"Naive2", "X"});
  add(sum, "A", Values{10, 5}, Values{2, 1}, std::vector<std::uint8_t>{0, 0});
  add(sum, "A", Values{20, 25}, Values{4, 5}, std::vector<std::uint8_t>{0, 0});
  add(sum, "B", Values{30, 60}, Values{6, 6}, std::vector<std::uint8_t>{0, 0});
  const ScoreTable table = sum.table();
  REQUIRE(table.rows.size() == 3);  // a group without series has no row
  CHECK(table.rows[0].group == "A");
  CHECK(table.rows[0].methods[1].smape == 15);
  CHECK(table.total().methods[0].smape == 20);
  CHECK(table.total().methods[1].mase == 4);
  CHECK(table.total().methods[0].owa == 1);
  CHECK(table.total().methods[1].owa ==
        Approx((30.0 / 20 + 4.0 / 4) / 2));  // of the means, not the mean of ratios
}

TEST_CASE("Undefined and failed errors are left out of the means and counted") {
  ScoreSum sum({"A"}, {"Naive2"});
  add(sum, "A", Values{10}, Values{kNan}, std::vector<std::uint8_t>{0});
  add(sum, "A", Values{20}, Values{3}, std::vector<std::uint8_t>{0});
  add(sum, "A", Values{kNan}, Values{kNan}, std::vector<std::uint8_t>{1});
  const Score score = sum.table().total().methods[0];
  CHECK(score.smape == 15);
  CHECK(score.mase == 3);
  CHECK(score.scored == 2);
  CHECK(score.mase_scored == 1);
  CHECK(score.failed == 1);
  const std::string text = render(sum.table());
  CHECK(text.find("Could not be fitted to 1 of 3 series, which are in no mean: Naive2") != std::string::npos);
  CHECK(text.find("MASE is undefined for 1 series") != std::string::npos);
}

TEST_CASE("A score table is aligned text with a dash for what is undefined") {
  ScoreSum sum({"Hourly"}, {"SES"});
  add(sum, "Hourly", Values{12.34567}, Values{1.5}, std::vector<std::uint8_t>{0});
  CHECK(render(sum.table()) ==
        "sMAPE %      Hourly      Total\n"
        "SES          12.346     12.346\n"
        "\n"
        "MASE         Hourly      Total\n"
        "SES           1.500      1.500\n");  // no OWA without Naive2
  CHECK(render(ScoreSum({}, {"SES"}).table()).find("-") != std::string::npos);
}

TEST_CASE("Groups that were not known ahead follow in the order in which they come") {
  ScoreSum sum({"A"}, {"SES"});
  add(sum, "C", {1}, {1}, {0});
  add(sum, "B", {3}, {1}, {0});
  add(sum, "C", {2}, {1}, {0});
  const ScoreTable table = sum.table();
  REQUIRE(table.rows.size() == 3);
  CHECK(table.rows[0].group == "C");
  CHECK(table.rows[0].methods[0].smape == 1.5);
  CHECK(table.rows[1].group == "B");
  CHECK(table.total().methods[0].smape == 2);
}

TEST_CASE("Errors of intervals are averaged by level and have tables of their own") {
  ScoreSum sum({"A"}, {"X", "Y"}, {80, 95});
  const std::vector<std::uint8_t> failed{0, 0};
  sum.add("A", {Values{1, 1}, Values{1, 1}, Values{10, 20, kNan, kNan}, Values{50, 100, kNan, kNan}, failed});
  sum.add("A",
          {Values{1, 1}, Values{1, 1}, Values{30, 40, kNan, kNan}, Values{100, 100, kNan, kNan}, failed});
  const ScoreTable table = sum.table();
  CHECK(table.total().methods[0].msis == Values{20, 30});
  CHECK(table.total().methods[0].coverage == Values{75, 100});
  CHECK(std::isnan(table.total().methods[1].msis[0]));
  CHECK(render(table).find("MSIS 95 ") != std::string::npos);
  CHECK(render(table).find("X            30.000     30.000\nY                 -          -") !=
        std::string::npos);
  CHECK(render(table).find("Within 80") != std::string::npos);
}

TEST_CASE("Scores of another number of methods are refused") {
  ScoreSum sum({"A"}, {"SES"});
  CHECK_THROWS_AS(add(sum, "A", {1, 2}, {1}, {0}), rankine::InputError);
}

}  // namespace
