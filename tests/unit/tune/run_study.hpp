// SPDX-License-Identifier: Apache-2.0
// Studies run to their end without tasks: trials are at work, and end as a test decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <rankine/core/philox.hpp>
#include <rankine/tune/pareto.hpp>
#include <rankine/tune/study.hpp>

/// Keeps up to `slots` trials at work. Of n at work trial which(n) < n is the next to end, with
/// losses_of(it).
template <class Which, class LossesOf>
void run_study(rankine::tune::Study& study, std::size_t slots, Which which, LossesOf losses_of) {
  std::vector<rankine::tune::Assignment> at_work;
  while (!study.done()) {
    while (at_work.size() < slots) {
      auto assignment = study.ask();
      if (!assignment) break;
      at_work.push_back(*assignment);
    }
    if (at_work.empty()) continue;
    const auto next = at_work.begin() + static_cast<std::ptrdiff_t>(which(at_work.size()));
    study.tell(next->number, losses_of(*next));
    at_work.erase(next);
  }
}

inline std::size_t oldest(std::size_t) {
  return 0;
}

/// Configurations of an ordered study (which must not depend on `slots` and `luck`: how many trials are at
/// work, and in what order they end).
template <class Loss>
std::vector<rankine::tune::Configuration> ordered_history(rankine::tune::Space space,
                                                          const std::string& sampler,
                                                          rankine::tune::StudyOptions options, Loss loss,
                                                          std::size_t slots, std::uint64_t luck) {
  namespace tune = rankine::tune;
  options.mode = tune::Mode::ordered;
  options.window = 4;
  tune::Study study(std::move(space), options, tune::make_sampler(sampler));
  rankine::Philox random(luck, 0);
  run_study(
      study, slots, [&](std::size_t n) { return random.below(n); },
      [&](const tune::Assignment& ended) { return tune::Losses{loss(ended.configuration)}; });
  std::vector<tune::Configuration> found;
  for (const tune::Trial& trial : study.history().trials()) found.push_back(trial.configuration);
  return found;
}
