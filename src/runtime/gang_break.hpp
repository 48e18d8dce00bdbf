// SPDX-License-Identifier: Apache-2.0
// How a gang's member waits inside MPI: it looks at the break flag again and again, politely towards who
// needs the core.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <rankine/core/clock.hpp>
#include <rankine/core/time.hpp>

#include "runtime/awake.hpp"

namespace rankine::runtime {

class GangComms;

/// Blocks that MPI works on in place of the caller's buffers, kept for the next call.
class BouncePool {
 public:
  using Block = std::unique_ptr<std::byte[]>;
  struct Lent {
    Block block;
    std::size_t bytes = 0;
  };
  Lent take(std::size_t bytes);
  void give_back(Lent&& lent);

 private:
  static constexpr std::size_t kKeepMax = 4;
  static constexpr std::size_t kKeepBytes = std::size_t{1} << 20;
  std::vector<Lent> kept_;
};

/// What the shim knows of the member that runs on this thread.
struct Breakable {
  const std::atomic<bool>* broken = nullptr;
  Awake awake;
  GangComms* comms = nullptr;
  int tag = 0;  ///< of the gang's messages outside of its own communicator
  BouncePool bounces;

  /// Throws GangBroken if it is.
  void check() const {
    if (broken->load(std::memory_order_relaxed)) fail();
  }

 private:
  [[noreturn]] static void fail();
};

/// Of this thread; nullptr where no member runs.
Breakable* breakable();

/// Makes MPI's blocking calls on this thread breakable while it lives.
class BreakableScope {
 public:
  explicit BreakableScope(Breakable& member);
  ~BreakableScope();
  BreakableScope(const BreakableScope&) = delete;
  BreakableScope& operator=(const BreakableScope&) = delete;
};

/// Between two looks: spins for a moment, then lets others run, then sleeps, longer and longer.
class Patience {
 public:
  explicit Patience(const Awake& awake) : awake_(awake) {}
  void pause();

 private:
  void nap();

  const Awake& awake_;
  Time since_{};
  Nanoseconds nap_ = 0;
  int looks_ = 0;
};

}  // namespace rankine::runtime
