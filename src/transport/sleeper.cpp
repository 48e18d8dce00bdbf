// SPDX-License-Identifier: Apache-2.0
#include "transport/sleeper.hpp"

#include <algorithm>
#include <utility>

#include <rankine/core/check.hpp>

namespace rankine::transport {
namespace {

// Mail from other nodes rings no bell, and where it needs this process to arrive it waits for its next poll.
// So sleeps are short just after mail and grow while nothing comes.
constexpr Nanoseconds kNapAfterMail = 100 * kMicrosecond;
constexpr Nanoseconds kPollInterval = 5 * kMillisecond;
constexpr Nanoseconds kPollIntervalQuiet = 20 * kMillisecond;
constexpr std::uint32_t kSleepsToQuiet = 24;

}  // namespace

Sleeper::Sleeper(Rank rank, int ranks, Doorbells doorbells) : rank_(rank), doorbells_(std::move(doorbells)) {
  check(doorbells_.of.size() == static_cast<std::size_t>(ranks), "one entry a rank in Doorbells::of");
  check(is_near(rank_), "a rank needs a doorbell of its own");
  ranks_elsewhere_ = std::ranges::any_of(doorbells_.of, [](std::int32_t at) { return at < 0; });
}

void Sleeper::wake(Rank other) {
  if (!is_near(other)) return;
  Doorbell& sleeper = bell(other);
  if (sleeper.sleeping.load(std::memory_order_relaxed) == 0) return;
  if (sleeper.sleeping.exchange(0) != 0) futex_wake_all(sleeper.sleeping);
}

void Sleeper::ring() {
  rung_.store(true);
  if (own().sleeping.exchange(0) != 0) futex_wake_all(own().sleeping);
}

Nanoseconds Sleeper::shortened(Nanoseconds timeout_ns) {
  const std::uint32_t sleeps = quiet_sleeps_.fetch_add(1, std::memory_order_relaxed);
  if (sleeps >= kSleepsToQuiet) return std::min(timeout_ns, kPollIntervalQuiet);
  return std::min({timeout_ns, kPollInterval, kNapAfterMail << std::min(sleeps / 2, 6u)});
}

}  // namespace rankine::transport
