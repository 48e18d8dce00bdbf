// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/random.hpp"

namespace rankine::tune {

std::optional<Configuration> draw_any(const History& history, TrialId id) {
  Philox random = history.random(id, "random");
  const Space& space = history.space();
  if (!space.is_table()) return space.draw(random);
  const auto& left = history.rows_left();
  if (left.empty()) return std::nullopt;
  return space.row(left[random.below(left.size())]);
}

std::optional<Configuration> RandomSampler::ask(const History& history, TrialId id) {
  return draw_any(history, id);
}

}  // namespace rankine::tune
