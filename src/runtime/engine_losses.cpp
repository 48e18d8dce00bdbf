// SPDX-License-Identifier: Apache-2.0
// Ranks that die or leave: what the others do about them, and how this one leaves itself.
#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "runtime/engine.hpp"
#include "runtime/gang_runner.hpp"

namespace rankine::runtime {

namespace {

/// How long a rank that kills itself tries to get its last messages out.
constexpr Nanoseconds kLeaveGrace = 2 * kSecond;
/// Looks at the mail for what a dead rank sent: each takes some hundred messages.
constexpr int kLastPolls = 64;

}  // namespace

/// Some task here must be stopped by force. What this rank has not started goes back; the rest is done again.
void Engine::leave() {
  worker_->give_back_queued();
  Header header;
  header.type = MessageType::leaving;
  MessageWriter(transport_.append(kHead, sizeof header)).record(header);
  transport_.flush();
  const Time end = now() + kLeaveGrace;
  while (transport_.queued_bytes() > 0 && now() < end) transport_.poll(*this);
  settings_.awake->ranks.fetch_sub(1);
  std::raise(SIGKILL);
  std::abort();  // not reached
}

void Engine::look_out(Time t) {
  for (const Rank dead : watchman_->look(t)) lost_.push_back(dead);
  if (gangs_ == nullptr) return;
  gangs_->abandon_stuck(t, [this](Rank rank) { return gone_[static_cast<std::size_t>(index(rank))]; });
}

/// What the dead had sent has arrived by now and is true: it is read first.
void Engine::bury_lost() {
  for (int polls = 0; polls < kLastPolls && transport_.poll(*this) > 0; ++polls) {
  }
  while (!lost_.empty()) {
    const Rank dead = lost_.back();
    lost_.pop_back();
    if (gone_[static_cast<std::size_t>(index(dead))]) continue;
    gone_[static_cast<std::size_t>(index(dead))] = true;
    if (watchman_) watchman_->drop(dead);
    bury(dead);
  }
}

void Engine::on_goodbye(Rank rank) {
  if (gone_[static_cast<std::size_t>(index(rank))]) return;
  gone_[static_cast<std::size_t>(index(rank))] = true;
  if (watchman_) watchman_->drop(rank);
  ++goodbyes_;
}

/// Not from within a poll: the transport may be reading the dead rank's messages then.
void Engine::bury(Rank dead) {
  ++deaths_;
  transport_.exclude(dead);
  puller_.on_rank_lost(dead);
  room_.on_rank_lost(dead);
  census_.on_rank_lost(dead);
  actor_caller_->on_rank_lost(dead);
  if (quiet_) quiet_->on_rank_lost();
  if (head_ == nullptr) return;
  const std::vector<Rank> neighbours = topology_.ranks_of(topology_.place(dead).node);
  const bool with_node = std::all_of(neighbours.begin(), neighbours.end(), [this](Rank rank) {
    return gone_[static_cast<std::size_t>(index(rank))];
  });
  head_->rank_lost(dead, with_node, culprit_of(dead));
  NoteMessage message;
  message.header.type = MessageType::rank_lost;
  message.first = ObjectId{static_cast<std::uint64_t>(index(dead))};
  for (int r = 1; r < topology_.size(); ++r) {
    if (Rank{r} != dead) MessageWriter(transport_.append(Rank{r}, sizeof message)).record(message);
  }
  if (head_->workers() == 0) enlist_head();
}

/// The task that crashed a rank of this node, if it said so.
TaskId Engine::culprit_of(Rank dead) const {
  const RankPlace& place = topology_.place(dead);
  if (settings_.culprits == nullptr || place.node != topology_.here().node) return {};
  return TaskId{settings_.culprits[place.slot].load()};
}

/// Too few others are left to do the work.
void Engine::enlist_head() {
  if (worker_ != nullptr) return;
  make_worker();
  head_->worker_joined(kHead, settings_.workers[static_cast<std::size_t>(index(kHead))]);
}

bool Engine::somebody_died() {
  return deaths() > 0;
}

int Engine::deaths() {
  const std::lock_guard lock(mutex_);
  return deaths_;
}

}  // namespace rankine::runtime
