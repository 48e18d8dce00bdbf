// SPDX-License-Identifier: Apache-2.0
// STL against what R 4.2's stl(y, s.window = 11) and forecast's seas.heuristic() answer for the same values.
#include "forecast/stl.hpp"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "catch.hpp"

namespace {

using namespace rankine::forecast;

/// A line, a cosine and numbers of a small congruential generator that R computes as well.
std::vector<double> line_with_season(int m) {
  std::vector<double> y;
  double state = 12345;
  for (int t = 1; t <= 6 * m + 3; ++t) {
    state = std::fmod(state * 1103 + 12345, 65536);
    y.push_back(20 + 0.3 * t + 5 * std::cos(2 * std::numbers::pi * t / m) + 4 * state / 65536);
  }
  return y;
}

struct Reference {
  int m;
  double season[6];  ///< at places 1, 2, m, m+1, n-1, n
  double trend[6];
  double strength;
};

constexpr Reference kReference[] = {
    {4,
     {-0.1679820045, -5.439661802, 5.387795859, -0.1664464517, -5.332372477, 0.4764797527},
     {22.98209401, 22.89155466, 23.09452129, 24.16305268, 30.27625754, 30.70855081},
     0.9400759844},
    {7,
     {3.905199761, -1.831145898, 5.5079726, 3.867882948, -1.52919192, -5.011985326},
     {22.65855479, 22.96451656, 24.40224357, 24.62402548, 35.45740929, 35.81775054},
     0.9489213711},
    {12,
     {4.585509386, 1.763371133, 5.402933474, 4.552007212, 2.172324721, 0.3086163182},
     {22.93815945, 23.16212798, 25.43611406, 25.65032067, 44.80035497, 45.13610147},
     0.9293319247},
};

TEST_CASE("STL gives R's trend and season") {
  for (const Reference& reference : kReference) {
    const std::vector<double> y = line_with_season(reference.m);
    const StlParts parts = stl(y, reference.m, 11);
    const std::size_t m = static_cast<std::size_t>(reference.m);
    const std::size_t places[] = {0, 1, m - 1, m, y.size() - 2, y.size() - 1};
    for (std::size_t i = 0; i < 6; ++i) {
      INFO("period " << m << ", place " << places[i]);
      CHECK(parts.season[places[i]] == Approx(reference.season[i]).epsilon(1e-8));
      CHECK(parts.trend[places[i]] == Approx(reference.trend[i]).epsilon(1e-8));
    }
    CHECK(seasonal_strength(y, reference.m) == Approx(reference.strength).epsilon(1e-8));
  }
}

TEST_CASE("What smoothing cycles takes from noise") {
  CHECK(cycle_smoothing(1, 11).freedom == Approx(1));
  CHECK(cycle_smoothing(1, 11).variance_at_end == Approx(1));
  // Far fewer cycles than the window has: hardly more than their mean.
  CHECK(cycle_smoothing(4, 31).freedom == Approx(1).margin(0.15));
  CHECK(cycle_smoothing(4, 31).variance_at_end == Approx(0.25).margin(0.05));
  // Many cycles: each adds the same, also where it is no longer computed.
  const double each = cycle_smoothing(44, 11).freedom - cycle_smoothing(34, 11).freedom;
  CHECK(cycle_smoothing(1044, 11).freedom - cycle_smoothing(44, 11).freedom ==
        Approx(100 * each).epsilon(0.02));
  CHECK(cycle_smoothing(1044, 11).variance_at_end == Approx(cycle_smoothing(44, 11).variance_at_end));
}

TEST_CASE("A series of two cycles or less has no seasonal strength") {
  CHECK(seasonal_strength(std::vector<double>{1, 2, 3, 4, 1, 2, 3, 4}, 4) == 0);
}

}  // namespace
