// SPDX-License-Identifier: Apache-2.0
// A study in virtual time: W virtual workers train trials of an objective whose curves and costs are known,
// on one thread, as fast as the study decides. No clock, no I/O. What samplers and schedulers are worth is
// measured here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <rankine/tune/study.hpp>

namespace rankine::tune {

/// What virtual workers train.
class Objective {
 public:
  virtual ~Objective() = default;
  /// Of a whole trial.
  virtual Step steps_max() const = 0;
  /// The step of the next report after `step`.
  virtual Step after(Step step) const { return step + 1; }
  /// A worker begins the assignment: from its checkpoint, or anew.
  virtual void begin(const Assignment& assignment) { static_cast<void>(assignment); }
  /// Values (one an objective) at `step`. Called for the steps of an assignment in order.
  virtual std::vector<double> values(const Assignment& assignment, Step step) = 0;
  /// What the trial costs up to `step`, in the study's unit.
  virtual double cost(const Configuration& configuration, Step step) const = 0;
  /// Virtual seconds up to `step`.
  virtual double seconds(const Configuration& configuration, Step step) const {
    return cost(configuration, step);
  }
};

struct SimulationOptions {
  std::size_t workers = 1;
  /// The simulation ends when a trial that is trained to its end has a loss of this or less.
  double target = -std::numeric_limits<double>::infinity();
  double cost_max = std::numeric_limits<double>::infinity();  ///< all work together; what runs is cut off
};

/// A better loss than any before, of a trial trained to its end.
struct Incumbent {
  double seconds = 0;
  double cost = 0;  ///< of all work by then, also of what runs
  TrialId trial = kNoTrial;
  double loss = 0;
};

struct Simulation {
  std::vector<Incumbent> incumbents;  ///< in order
  double seconds = 0;
  double cost = 0;
  double busy_seconds = 0;  ///< of all workers together
  std::uint64_t reports = 0;

  /// The best loss by then; `before_any` if there is none.
  double loss_at_cost(double cost, double before_any) const;
};

/// Runs the study to its end, or as far as the options say.
Simulation simulate(Study& study, Objective& objective, const SimulationOptions& options = {});

}  // namespace rankine::tune
