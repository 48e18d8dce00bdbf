// SPDX-License-Identifier: Apache-2.0
// Who decides which trials go on. Events in, verdicts out: no I/O, no clock (`now` is given, in seconds of
// the study), no sampling. Like a sampler's, its state follows from the sequence of calls.
#pragma once

#include <cstddef>
#include <string>

#include <rankine/tune/history.hpp>

namespace rankine::tune {

/// `pause`: it ends here with a checkpoint and may be resumed. `exchange`: it goes on from another trial's
/// checkpoint with another configuration.
enum class Decision { go_on, stop, pause, exchange };

struct Verdict {
  Decision decision = Decision::go_on;
  TrialId source = kNoTrial;    ///< exchange: whose checkpoint
  Configuration configuration;  ///< exchange: the new one
};

/// What a free slot does.
struct Next {
  enum class Kind { start, resume, wait };
  Kind kind = Kind::wait;
  TrialId trial = kNoTrial;   ///< resume: a paused trial
  Step until = kLastStep;     ///< it reports up to this step; there it is decided on, or ends
  TrialId source = kNoTrial;  ///< resume by exchange: whose checkpoint, with `configuration`
  Configuration configuration;
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual std::string name() const = 0;
  /// `may_start`: a new trial can be had (budget and sampler allow). With `start` a trial of the next id
  /// begins, of which `on_start` tells once its configuration is known. `wait` with nothing running ends the
  /// study.
  virtual Next next(const History& history, double now, bool may_start) = 0;
  virtual void on_start(const History& history, const Trial& trial) {
    static_cast<void>(history), static_cast<void>(trial);
  }
  /// The trial's last report is the news; it is in trial.reports already.
  virtual Verdict on_report(const History& history, const Trial& trial, double now) {
    static_cast<void>(history), static_cast<void>(trial), static_cast<void>(now);
    return {};
  }
  /// A trial ended (finished, stopped or failed), or paused by itself because it reached `until`.
  virtual void on_end(const History& history, const Trial& trial, double now) {
    static_cast<void>(history), static_cast<void>(trial), static_cast<void>(now);
  }
};

/// Starts trials, lets each go on to its end. What is paused (a drained run) is resumed first.
class NoScheduler final : public Scheduler {
 public:
  std::string name() const override { return "none"; }
  Next next(const History& history, double now, bool may_start) override;
};

}  // namespace rankine::tune
