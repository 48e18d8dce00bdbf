// SPDX-License-Identifier: Apache-2.0
// Generated series: the same from (seed, index) alone, of the announced kinds, and no method beats their
// floor.
#include <algorithm>
#include <cmath>
#include <set>

#include <rankine/core/error.hpp>
#include <rankine/forecast/generator.hpp>

#include "catch.hpp"
#include "chunks.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;

TEST_CASE("A series depends on seed and index only") {
  const GeneratorOptions options;
  const GeneratedSeries a = generate_series(42, 17, options);
  generate_series(42, 16, options);  // what was made before does not matter
  const GeneratedSeries b = generate_series(42, 17, options);
  CHECK(a.series.train == b.series.train);
  CHECK(a.series.test == b.series.test);
  CHECK(a.expected == b.expected);
  CHECK(a.series.train != generate_series(43, 17, options).series.train);
  CHECK(a.series.train != generate_series(42, 21, options).series.train);
}

TEST_CASE("Lengths, horizon, season, ids and groups are those asked for") {
  const GeneratorOptions options{4, 8, 30, 40};
  std::set<std::size_t> lengths;
  for (std::uint64_t k = 0; k < 400; ++k) {
    const GeneratedSeries one = generate_series(1, k, options);
    lengths.insert(one.series.train.size());
    REQUIRE(one.series.test.size() == 8);
    REQUIRE(one.expected.size() == 8);
    REQUIRE(one.series.season == 4);
    REQUIRE(one.series.id == generated_id(k));
    REQUIRE(one.series.group == generated_groups(options)[k % 4]);
    REQUIRE(std::all_of(one.series.train.begin(), one.series.train.end(), [](double y) { return y > 0; }));
  }
  CHECK(*lengths.begin() == 30);
  CHECK(*lengths.rbegin() == 40);
  CHECK(lengths.size() == 11);
  CHECK(generated_groups({1, 8, 30, 40}) == std::vector<std::string>{"Flat", "Trend"});
}

TEST_CASE("The expected values are the mean of what comes: their errors average to nothing") {
  const GeneratorOptions options;
  double sum = 0;
  double squares = 0;
  constexpr int series = 4000;
  for (std::uint64_t k = 0; k < series; ++k) {
    const GeneratedSeries one = generate_series(3, k, options);
    const double relative = (one.series.test[0] - one.expected[0]) / one.expected[0];
    sum += relative;
    squares += relative * relative;
  }
  const double sd = std::sqrt(squares / series);
  CHECK(std::abs(sum / series) < 4 * sd / std::sqrt(static_cast<double>(series)));
  CHECK(sd > 0.01);  // noise of 1 .. 5 %
  CHECK(sd < 0.06);
}

TEST_CASE("No method beats the noise floor, and the good ones come near") {
  const ChunkRequest request = generated_chunk(5, 0, 800);
  Report report(frame_of(request));
  report.add(fit_chunk(request));
  const ScoreTable table = report.scores();
  REQUIRE(table.methods.back() == "(floor)");
  const double floor = table.total().methods.back().smape;
  double best = 1000;
  for (std::size_t k = 0; k + 1 < table.methods.size(); ++k) {
    CHECK(table.total().methods[k].smape > floor);
    best = std::min(best, table.total().methods[k].smape);
  }
  CHECK(best < 1.25 * floor);
}

TEST_CASE("Ray's series have ten and the day of the week, and noise below a half") {
  const GeneratorOptions options = ray_ets_options(7);
  std::size_t shortest = 1000;
  std::size_t longest = 0;
  for (std::uint64_t k = 0; k < 3000; ++k) {
    const GeneratedSeries one = generate_series(1, k, options);
    const Series& series = one.series;
    shortest = std::min(shortest, series.train.size());
    longest = std::max(longest, series.train.size());
    REQUIRE((series.season == 7 && series.group == "Daily" && series.test.size() == 7));
    std::vector<double> all = series.train;
    all.insert(all.end(), series.test.begin(), series.test.end());
    for (std::size_t t = 0; t < all.size(); ++t) {
      const double noise = all[t] - 10 - static_cast<double>(t % 7);
      REQUIRE((noise >= 0 && noise < 0.5));
    }
    REQUIRE(one.expected[0] == 10.25 + static_cast<double>(series.train.size() % 7));
  }
  CHECK((shortest == 50 && longest == 500));
}

TEST_CASE("Options that make no series are refused in a sentence") {
  CHECK(contains(thrown<rankine::InputError>([] { check({0, 8, 30, 40}); }), "season is 0"));
  CHECK(contains(thrown<rankine::InputError>([] { check({4, 0, 30, 40}); }), "horizon is 0"));
  CHECK(contains(thrown<rankine::InputError>([] { check({4, 8, 50, 40}); }), "50 .. 40"));
}

}  // namespace
