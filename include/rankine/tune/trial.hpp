// SPDX-License-Identifier: Apache-2.0
// What is known of one trial: a configuration and what came of it so far. A plain value.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <rankine/tune/configuration.hpp>

namespace rankine::tune {

/// Position in the study's list of trials: 0, 1, 2 ...
using TrialId = std::uint32_t;
inline constexpr TrialId kNoTrial = std::numeric_limits<TrialId>::max();
/// Fidelity: epochs, steps, rows; what the trial counts by. Positive.
using Step = std::int64_t;
inline constexpr Step kLastStep = std::numeric_limits<Step>::max();

/// running -> paused -> running ...; the others are ends. `stopped`: by the scheduler, before its time.
enum class TrialState { running, paused, finished, stopped, failed };

struct Report {
  Step step = 0;
  std::vector<double> values;  ///< one an objective, as the user measures them (not turned round)
  double cost = 0;             ///< of the whole trial so far, in the user's unit

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& step& values& cost;
  }
};

/// At `step` the trial took over the checkpoint of `source` and a new configuration.
struct Exchange {
  Step step = 0;
  TrialId source = kNoTrial;
  Configuration configuration;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& step& source& configuration;
  }
};

struct Trial {
  TrialId id = kNoTrial;
  Configuration configuration;  ///< the present one
  TrialState state = TrialState::running;
  std::vector<Report> reports;  ///< steps increase, except after an exchange
  std::vector<double> values;   ///< at the end; of a stopped or paused one those of its last report
  double cost = 0;              ///< so far
  std::vector<Exchange> exchanges;
  std::string words;  ///< why it failed

  bool ended() const { return state != TrialState::running && state != TrialState::paused; }
  Step last_step() const { return reports.empty() ? 0 : reports.back().step; }

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& id& configuration& state& reports& values& cost& exchanges& words;
  }
};

}  // namespace rankine::tune
