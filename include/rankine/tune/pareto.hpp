// SPDX-License-Identifier: Apache-2.0
// Several losses at once, less is better in each: who dominates whom, fronts, crowding, hypervolume. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace rankine::tune {

using Losses = std::vector<double>;

/// No worse in any loss and better in one.
bool dominates(const Losses& a, const Losses& b);

/// Of each point the front that it lies on: 0 for those that nobody dominates, 1 for those that only these
/// dominate, and so on. O(n^2) comparisons. Deb, Pratap, Agarwal, Meyarivan, "A fast and elitist
/// multiobjective genetic algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6(2), 2002.
std::vector<std::size_t> front_numbers(const std::vector<Losses>& points);

/// Of each of the points `front`, all on one front, how far apart its neighbours are (same paper); infinity
/// at the ends.
std::vector<double> crowding(const std::vector<Losses>& points, const std::vector<std::size_t>& front);

/// The volume that the points dominate below `reference`; points that are not below it in all losses count
/// not.
double hypervolume(std::vector<Losses> points, const Losses& reference);

}  // namespace rankine::tune
