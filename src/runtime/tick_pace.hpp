// SPDX-License-Identifier: Apache-2.0
// How often the ticking thread looks around. Pure: what it saw goes in, what it does next comes out.
#pragma once

#include <cstdint>

namespace rankine::runtime {

class TickPace {
 public:
  /// What a tick met.
  enum class Saw : std::uint8_t {
    idle,   ///< nobody computes here, and who waits is woken by mail
    quiet,  ///< somebody computes, and nothing has come
    busy,   ///< mail came, or another thread looks at it
  };
  enum class Then : std::uint8_t {
    tick,  ///< look again soon
    doze,  ///< sleep until mail comes: where it can wake a sleeper
    rest,  ///< until somebody begins to compute
  };
  static constexpr int kIdleTicks = 4;    ///< to rest after: starting again costs next to nothing
  static constexpr int kQuietTicks = 20;  ///< to doze after: a sleeper costs each sender a system call

  Then next(Saw saw) {
    if (saw != last_) count_ = 0;
    last_ = saw;
    ++count_;
    if (saw == Saw::idle && count_ >= kIdleTicks) return Then::rest;
    if (saw == Saw::quiet && count_ >= kQuietTicks) return Then::doze;
    return Then::tick;
  }
  /// Somebody has just begun to compute.
  void begin() { last_ = Saw::busy; }

 private:
  Saw last_ = Saw::busy;
  int count_ = 0;
};

/// Whether another thread shall take what waits behind a job that runs. A job that makes calls comes to wait
/// for them soon, and then its own thread runs them: a second one would only contend with each of its calls
/// for the lock. But not for ever: it may wait by other means than ours.
class Relief {
 public:
  static constexpr int kTicksMax = 20;

  /// At every tick: `calls` is how many this rank has made so far.
  bool due(std::uint64_t calls) {
    const bool silent = calls == calls_;
    calls_ = calls;
    if (!silent && ++held_ < kTicksMax) return false;
    held_ = 0;
    return true;
  }

 private:
  std::uint64_t calls_ = 0;
  int held_ = 0;  ///< ticks in a row at which it was not due
};

}  // namespace rankine::runtime
