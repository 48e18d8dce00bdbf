// SPDX-License-Identifier: Apache-2.0
// The head's clock of the end of the run: when draining begins, and when what still runs is cut off. It
// decides only; the engine acts. It reads no clock.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "runtime/walltime.hpp"

namespace rankine::runtime {

/// What a rank knows of it; read by user code without a lock.
struct EndOfTime {
  std::atomic<bool> draining{false};
  std::atomic<bool> cut{false};                     ///< what the driver waits for will not come
  std::atomic<std::int64_t> cut_at{kNeverEnds.ns};  ///< what runs is asked to stop then
  std::atomic<int> watchers{0};                     ///< DrainTokens of the driver
};

class Drain {
 public:
  enum class Step { none, begin, save, cut };

  /// Of the wall time; all its instants may be kNeverEnds.
  Drain(const DrainPlan& plan, std::string reason) : plan_(plan), reason_(std::move(reason)) {}

  /// A signal came: draining begins now, unless it has. The earlier end counts.
  void ask(const DrainPlan& plan, const std::string& reason);
  struct Load {
    bool busy = false;   ///< something runs
    bool stuck = false;  ///< nothing can be started, and something is left that would not end in time
    bool saved = false;  ///< what was to be saved is
  };
  /// What is to be done now; begin, save and cut are said once each, in this order.
  Step step(Time now, const Load& load);
  /// When step() is to be called again at the latest; kNeverEnds if nothing is known to come.
  Time alarm() const;

  bool draining() const { return phase_ != Phase::open; }
  const DrainPlan& plan() const { return plan_; }
  const std::string& reason() const { return reason_; }

 private:
  /// Something that runs may be followed by something else that it woke; only after so long nothing runs.
  static constexpr Nanoseconds kSettled = 50 * kMillisecond;
  static constexpr Nanoseconds kLook = 10 * kMillisecond;

  enum class Phase { open, draining, saving, cut };
  bool quiet_for_long(Time now, bool quiet);

  DrainPlan plan_;
  std::string reason_;
  Phase phase_ = Phase::open;
  bool asked_ = false;
  Time looked_;
  Time save_by_;
  Time quiet_since_ = kNeverEnds;  ///< kNeverEnds: it is not quiet
};

}  // namespace rankine::runtime
