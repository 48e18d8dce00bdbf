// SPDX-License-Identifier: Apache-2.0
// Who proposes the configuration of a new trial. A sampler may keep a state, but only one that follows from
// what it was asked and told, in that order: a journal that is replayed gives the same proposals. No I/O, no
// clock; random numbers from History::random.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <rankine/tune/history.hpp>

namespace rankine::tune {

class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual std::string name() const = 0;
  /// The configuration of the coming trial `id` (= history.trials().size()). Running trials are in the
  /// history as such. Nothing: there are no more configurations (a grid or table is used up).
  virtual std::optional<Configuration> ask(const History& history, TrialId id) = 0;
  /// A trial ended (finished, stopped or failed).
  virtual void told(const History& history, const Trial& trial) {
    static_cast<void>(history), static_cast<void>(trial);
  }
};

/// "random", "grid", "sobol", "tpe", "gp", "cmaes", "nsga2". Throws InputError naming all of them.
std::unique_ptr<Sampler> make_sampler(const std::string& name);

}  // namespace rankine::tune
