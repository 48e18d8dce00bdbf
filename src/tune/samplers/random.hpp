// SPDX-License-Identifier: Apache-2.0
// Random search: uniform over the unit cube, or over the rows of a table that are left.
#pragma once

#include <rankine/tune/sampler.hpp>

namespace rankine::tune {

class RandomSampler final : public Sampler {
 public:
  std::string name() const override { return "random"; }
  std::optional<Configuration> ask(const History& history, TrialId id) override;
};

/// What random search proposes for this trial; nothing when a table is used up.
std::optional<Configuration> draw_any(const History& history, TrialId id);

}  // namespace rankine::tune
