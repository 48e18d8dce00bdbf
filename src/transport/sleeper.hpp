// SPDX-License-Identifier: Apache-2.0
// When a rank sleeps and who wakes it: its doorbell, rings from other threads, and naps where mail may come
// that rings no bell. Shared by all transports.
#pragma once

#include <atomic>
#include <cstdint>

#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

#include "transport/doorbell.hpp"
#include "transport/futex.hpp"

namespace rankine::transport {

class Sleeper {
 public:
  /// A rank without a doorbell of its own (doorbells.of[rank] = -1) is not allowed; a rank of another node
  /// has none here.
  Sleeper(Rank rank, int ranks, Doorbells doorbells);

  bool is_near(Rank rank) const { return doorbells_.of[index(rank)] >= 0; }
  bool ranks_elsewhere() const { return ranks_elsewhere_; }
  Doorbell& bell(Rank near) { return doorbells_.bells[doorbells_.of[index(near)]]; }
  Doorbell& own() { return bell(rank_); }

  /// Wakes `other` if it sleeps on this node. Between what it shall see and this call: full_fence().
  void wake(Rank other);
  /// Naps begin short again.
  void mail_came() { quiet_sleeps_.store(0, std::memory_order_relaxed); }

  /// Sleeps until woken, for at most `timeout_ns`; not at all when `mail_waits()` or after a ring. With
  /// `nap` never longer than the interval at which mail that rings no bell is looked for.
  template <class MailWaits>
  void sleep(Nanoseconds timeout_ns, bool nap, MailWaits&& mail_waits) {
    if (rung_.exchange(false) || timeout_ns <= 0) return;
    if (nap || ranks_elsewhere_) timeout_ns = shortened(timeout_ns);
    Doorbell& bell = own();
    bell.sleeping.store(1);
    full_fence();
    if (!mail_waits() && !rung_.load()) futex_wait(bell.sleeping, 1, timeout_ns);
    bell.sleeping.store(0);
    rung_.store(false);
  }
  /// Ends a sleep, from any thread.
  void ring();

 private:
  Nanoseconds shortened(Nanoseconds timeout_ns);

  const Rank rank_;
  Doorbells doorbells_;
  bool ranks_elsewhere_ = false;
  std::atomic<bool> rung_{false};
  std::atomic<std::uint32_t> quiet_sleeps_{0};
};

}  // namespace rankine::transport
