// SPDX-License-Identifier: Apache-2.0
#include "runtime/room.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <rankine/core/clock.hpp>

namespace rankine::runtime {

namespace {

/// Between two looks whether there is room; doubled each time.
constexpr Nanoseconds kFirstPause = 2 * kMillisecond;
constexpr Nanoseconds kLastPause = 100 * kMillisecond;
/// A rank that does not answer for so long is taken for one that computes, not for one that gives nothing.
constexpr Nanoseconds kAnswerTime = 5 * kSecond;
/// So long nobody of the node may compute and nothing be freed before a wait for room is given up. Between
/// nodes what ends elsewhere may wake somebody here.
constexpr Nanoseconds kStandstill = 2 * kSecond;
constexpr Nanoseconds kStandstillBetweenNodes = 10 * kSecond;
/// So long what a task makes waits for room in memory before it goes to disk.
constexpr Nanoseconds kTaskWait = 50 * kMillisecond;

}  // namespace

Room::Room(const Topology& topology, transport::Transport& transport, Store& store, Waiting& waiting,
           Offload& offload)
    : topology_(topology),
      transport_(transport),
      store_(store),
      waiting_(waiting),
      offload_(offload),
      neighbours_(topology.ranks_of(topology.here().node)) {
  std::erase(neighbours_, topology.rank);
}

Reservation Room::reserve(std::size_t bytes) {
  std::optional<Reservation> reservation = store_.try_create(bytes, Store::Effort::full);
  if (!reservation) reservation = wait_for_room(bytes, false);
  return std::move(*reservation);
}

std::optional<Reservation> Room::reserve_for_task(std::size_t bytes) {
  std::optional<Reservation> reservation = store_.try_create(bytes, Store::Effort::full);
  if (!reservation) reservation = wait_for_room(bytes, store_.can_spill());
  return reservation;
}

std::optional<Reservation> Room::wait_for_room(std::size_t bytes, bool not_for_long) {
  const Nanoseconds patience = topology_.nodes() > 1 ? kStandstillBetweenNodes : kStandstill;
  Nanoseconds pause = kFirstPause;
  const Time begin = now();
  Time moved = begin;
  std::uint64_t seen = 0;
  for (;;) {
    Round round;
    {
      Lock lock(waiting_.progress_mutex());
      ask(round, bytes, lock);
    }
    if (auto reservation = store_.try_create(bytes, Store::Effort::full)) return reservation;
    const Store::Holding mine = store_.holding();
    // What was freed, pinned or unpinned changes one of these.
    const std::uint64_t standing = hash_mix(hash_mix(mine.pinned_bytes, mine.movable_bytes),
                                            hash_mix(round.pinned_bytes, round.movable_bytes));
    const Time t = now();
    if (std::exchange(seen, standing) != standing || round.computing || round.given_bytes > 0) moved = t;
    if (not_for_long && t - begin > kTaskWait) return std::nullopt;
    if (t - moved > patience) give_up(bytes, round);
    Lock lock(waiting_.progress_mutex());
    Waiter nobody;
    waiting_.block(nobody, pause, lock);
    pause = std::min(2 * pause, kLastPause);
  }
}

/// Asks every neighbour once and waits for the answers.
void Room::ask(Round& round, std::size_t bytes, Lock& lock) {
  round.ticket = ++last_ticket_;
  round.missing = neighbours_;
  round.waiter.remaining = 1;
  if (neighbours_.empty()) return;
  RoomMessage message;
  message.header.type = MessageType::make_room;
  message.ticket = round.ticket;
  message.bytes = bytes;
  for (const Rank rank : neighbours_) MessageWriter(transport_.append(rank, sizeof message)).record(message);
  waiting_.sent();
  struct Listed {
    std::vector<Round*>& list;
    Round* round;
    ~Listed() { std::erase(list, round); }
  };
  rounds_.push_back(&round);
  const Listed listed{rounds_, &round};
  waiting_.block(round.waiter, kAnswerTime, lock);
  if (!round.missing.empty()) round.computing = true;
}

void Room::answered(Round& round, Rank rank) {
  if (std::erase(round.missing, rank) == 0 || !round.missing.empty()) return;
  round.waiter.remaining = 0;
  waiting_.wake(round.waiter);
}

void Room::on_make_room(Rank from, const RoomMessage& message) {
  struct Answer {
    std::uint64_t given_bytes = 0;
    Store::Holding holding;
  };
  const auto answer = std::make_shared<Answer>();
  offload_.post(
      [this, answer, bytes = message.bytes] {
        answer->given_bytes = store_.give_chunks_back(bytes);
        answer->holding = store_.holding();
      },
      [this, answer, from, ticket = message.ticket] {
        RoomMessage made;
        made.header.type = MessageType::made_room;
        made.header.flags = waiting_.computing();
        made.ticket = ticket;
        made.bytes = answer->given_bytes;
        made.pinned_bytes = answer->holding.pinned_bytes;
        made.movable_bytes = answer->holding.movable_bytes + answer->holding.open_bytes;
        MessageWriter(transport_.append(from, sizeof made)).record(made);
      });
}

void Room::on_made_room(Rank from, const RoomMessage& message) {
  for (Round* round : rounds_) {
    if (round->ticket != message.ticket) continue;
    round->computing |= message.header.flags != 0;
    round->given_bytes += message.bytes;
    round->pinned_bytes += message.pinned_bytes;
    round->movable_bytes += message.movable_bytes;
    return answered(*round, from);
  }
}

void Room::on_rank_lost(Rank dead) {
  std::erase(neighbours_, dead);
  for (Round* round : rounds_) answered(*round, dead);
}

void Room::give_up(std::size_t bytes, const Round& round) const {
  store_.throw_full(
      bytes, "; of the other ranks of this node " + std::to_string(round.pinned_bytes) +
                 " bytes are in use and " + std::to_string(round.movable_bytes) +
                 " could not be moved to disk; nobody computes and nothing was freed for " +
                 std::to_string((topology_.nodes() > 1 ? kStandstillBetweenNodes : kStandstill) / kSecond) +
                 " s, so waiting is no use: whoever waits holds what is in use");
}

}  // namespace rankine::runtime
