// SPDX-License-Identifier: Apache-2.0
// Hyperband (Li et al., JMLR 2018, algorithm 1): brackets one after another, round and round; the rungs of a
// bracket wait until all of their trials are there, then the best go on. A slot that finds nothing to do in
// the brackets at hand begins the next one, so that none waits while trials may begin (as Falkner et al. 2018
// do it).
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <rankine/tune/schedulers.hpp>

namespace rankine::tune {

class Hyperband final : public Scheduler {
 public:
  Hyperband(std::string name, const SchedulerOptions& options);
  std::string name() const override { return name_; }
  Next next(const History& history, double now, bool may_start) override;
  void on_start(const History& history, const Trial& trial) override;
  Verdict on_report(const History& history, const Trial& trial, double now) override;
  void on_end(const History& history, const Trial& trial, double now) override;

 private:
  /// A bracket at work.
  struct Round {
    const Bracket* shape = nullptr;
    std::size_t rung = 0;
    std::size_t to_start = 0;                         ///< trials that have not begun yet
    std::size_t running = 0;                          ///< on their way to the rung
    std::vector<std::pair<double, TrialId>> arrived;  ///< losses at the rung
    std::deque<TrialId> promoted;                     ///< to be resumed
  };
  Step until(const Round& round) const;
  void close_rung(Round& round);
  void leave(TrialId trial);

  std::string name_;
  std::vector<Bracket> brackets_;
  std::deque<Round> rounds_;  ///< all that ever began; finished ones are cheap
  std::size_t first_ = 0;     ///< rounds before it are over
  std::size_t chosen_ = 0;    ///< the round of the trial that begins next
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  std::vector<std::size_t> round_of_;  ///< by trial; kNowhere when it is not on its way
};

}  // namespace rankine::tune
