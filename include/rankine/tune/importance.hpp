// SPDX-License-Identifier: Apache-2.0
// Which hyperparameters matter: the share of the variance of a fitted model that each explains alone (the
// first-order terms of functional ANOVA; Hutter, Hoos, Leyton-Brown 2014). The model is a forest of extremely
// randomised trees (Geurts, Ernst, Wehenkel 2006) on the unit cube. Losses enter by rank, so that diverged
// trials do not drown the rest. Interactions are nobody's share.
#pragma once

#include <cstdint>
#include <vector>

#include <rankine/tune/space.hpp>

namespace rankine::tune {

/// One a dimension, not negative, of sum 1 (all 0 where nothing can be said: fewer than 10 trials or equal
/// losses).
std::vector<double> importances(const Space& space, const std::vector<Configuration>& configurations,
                                const std::vector<double>& losses, std::uint64_t seed);

}  // namespace rankine::tune
