// SPDX-License-Identifier: Apache-2.0
// A study by ask and tell: a pure state machine. Slots ask for assignments, report and end them; the study
// asks its sampler and scheduler. No I/O, no clock, no thread, so it runs in virtual time as well as on a
// cluster.
//
// Two modes. *async*: everything counts as it comes; no slot waits for another; the order of the calls is the
// history's, and making the same calls again gives the same history. *ordered*: assignments are numbered, at
// most `window` of them are open, and what they bring counts in the order of their numbers, whole assignments
// at a time. The history then depends on the window, but not on how many slots there are, how fast they are,
// or what failed and was done again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <rankine/tune/history.hpp>
#include <rankine/tune/sampler.hpp>
#include <rankine/tune/scheduler.hpp>

namespace rankine::tune {

enum class Mode { async, ordered };

struct StudyOptions {
  std::vector<Direction> directions{Direction::minimise};
  std::uint64_t seed = 0;
  Mode mode = Mode::async;
  std::size_t window = 1;  ///< ordered: open assignments at most
  std::size_t trials_max = std::numeric_limits<std::size_t>::max();
  double cost_max = std::numeric_limits<double>::infinity();     ///< sum over trials: nothing begins after it
  double seconds_max = std::numeric_limits<double>::infinity();  ///< of `now`: nothing begins after it
};

/// A piece of work for one slot: (a part of) a trial.
struct Assignment {
  std::uint64_t number = 0;  ///< 0, 1, 2 ... in the order of asking
  TrialId trial = kNoTrial;
  Configuration configuration;
  Step from = 0;                  ///< the last step that is done already; 0: from the beginning
  Step until = kLastStep;         ///< the assignment ends when this step is reported
  TrialId checkpoint = kNoTrial;  ///< whose checkpoint it begins from: its own, another's, none

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& number& trial& configuration& from& until& checkpoint;
  }
};

/// How an assignment ended. `paused`: it reached `until` or was told to pause or stop.
struct Ending {
  enum class Kind { finished, paused, failed };
  Kind kind = Kind::finished;
  std::vector<double> values;  ///< finished: final values; empty: those of the last report
  double cost = -1;            ///< of the whole trial; negative: that of the last report
  std::string words;           ///< why it failed

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& kind& values& cost& words;
  }
};

class Study {
 public:
  Study(Space space, StudyOptions options, std::unique_ptr<Sampler> sampler,
        std::unique_ptr<Scheduler> scheduler = std::make_unique<NoScheduler>());

  /// Work for a free slot. Nothing: wait until something is told; with done(), for good.
  std::optional<Assignment> ask(double now = 0);
  /// `report.step` increases within a trial. Anything but go_on: the slot ends the assignment (pause, stop),
  /// or changes over (exchange). Ordered: go_on before `until`, pause there; the true verdict comes with a
  /// later assignment, or never.
  Verdict report(std::uint64_t assignment, Report report, double now = 0);
  /// Every assignment is ended once.
  void end(std::uint64_t assignment, Ending ending, double now = 0);
  /// The short form for a trial without reports: ends the assignment as finished.
  void tell(std::uint64_t assignment, std::vector<double> values, double cost = 0, double now = 0);
  /// What an earlier study found: samplers learn from it, budgets and best() do not count it.
  void warm_start(const std::vector<Trial>& earlier);

  /// The last ask() had nothing, and nothing is open that could change this.
  bool done() const { return over_ && open_.empty(); }
  std::size_t open() const { return open_.size(); }
  /// Ordered: assignments before this number count.
  std::uint64_t counted() const { return open_.empty() ? next_number_ : open_.begin()->first; }
  const History& history() const { return history_; }
  const StudyOptions& options() const { return options_; }
  const Sampler& sampler() const { return *sampler_; }
  const Scheduler& scheduler() const { return *scheduler_; }
  double cost() const { return cost_; }
  /// Ids of finished trials that no other one is better than in all objectives, in the order of ids.
  std::vector<TrialId> pareto_front() const;

 private:
  /// An open assignment and, in ordered mode, what it brought that does not count yet.
  struct Open {
    TrialId trial = kNoTrial;
    Step until = kLastStep;
    bool closed = false;  // the scheduler stopped or paused it: later reports do not count
    std::vector<std::pair<Report, double>> reports;
    std::optional<std::pair<Ending, double>> ending;
  };

  bool budget_left(double now) const;
  Assignment assign(TrialId trial, const Next& next);
  std::optional<Assignment> ask_scheduler(double now);
  std::optional<Assignment> start(const Next& next);
  Assignment resume(const Next& next);
  Open& opened(std::uint64_t assignment);
  Verdict apply_report(Open& open, Report report, double now);
  void apply_end(Open& open, Ending ending, double now);
  bool apply_first();
  void leave(TrialId trial, TrialState state, double now);

  StudyOptions options_;
  History history_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<Scheduler> scheduler_;
  std::map<std::uint64_t, Open> open_;
  std::uint64_t next_number_ = 0;
  double cost_ = 0;
  bool exhausted_ = false, over_ = false;
};

}  // namespace rankine::tune
