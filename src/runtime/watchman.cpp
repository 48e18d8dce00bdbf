// SPDX-License-Identifier: Apache-2.0
#include "runtime/watchman.hpp"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

#include "runtime/leftovers.hpp"

namespace rankine::runtime {

namespace {

bool has(const std::vector<Rank>& ranks, Rank rank) {
  return std::find(ranks.begin(), ranks.end(), rank) != ranks.end();
}

}  // namespace

Nanoseconds Watchman::beat(Nanoseconds lost_after) {
  return std::min(kSecond, lost_after / 6);
}

Watchman::Watchman(const Topology& topology, transport::Transport& transport, Sentinel& sentinel,
                   Nanoseconds lost_after)
    : topology_(topology),
      transport_(transport),
      sentinel_(sentinel),
      lost_after_(lost_after),
      vigil_(topology.size(), lost_after) {
  sentinel_.listen([this] { transport_.ring(); });
  give_sign();  // the first one: from now on silence means something
}

Watchman::~Watchman() {
  sentinel_.listen({});
}

void Watchman::give_sign() {
  if (topology_.rank != kHead) return tell(kHead, MessageType::heartbeat, topology_.rank);
  for (int r = 1; r < topology_.size(); ++r) {
    const bool near = sentinel_.watches(Rank{r});  // sees for itself that the head lives
    if (!near && !vigil_.is_dropped(Rank{r})) tell(Rank{r}, MessageType::heartbeat, kHead);
  }
}

std::vector<Rank> Watchman::look(Time t) {
  const std::vector<Rank> exited = sentinel_.take();
  if (topology_.rank == kHead) return look_as_head(exited, t);
  look_as_worker(exited, t);
  return {};
}

std::vector<Rank> Watchman::look_as_head(const std::vector<Rank>& exited, Time t) {
  give_sign();
  silent_ = vigil_.silent(t);
  std::vector<Rank> dead = exited;
  dead.insert(dead.end(), told_.begin(), told_.end());
  told_.clear();
  for (const Rank rank : silent_) {
    if (!condemn(rank, t)) dead.push_back(rank);
  }
  std::erase_if(condemned_, [&](const Condemned& condemned) {
    if (condemned.deadline > t) return false;
    dead.push_back(condemned.rank);
    return true;
  });
  std::erase_if(dead, [this](Rank rank) { return vigil_.is_dropped(rank); });
  return dead;
}

/// True if somebody is killing it: its exit will be seen. False: it is beyond reach.
bool Watchman::condemn(Rank rank, Time t) {
  const auto is_it = [rank](const Condemned& condemned) { return condemned.rank == rank; };
  if (std::any_of(condemned_.begin(), condemned_.end(), is_it)) return true;
  std::fprintf(stderr, "rankine: rank %d has been silent for %.1f s and is taken for dead\n", index(rank),
               static_cast<double>(lost_after_) * 1e-9);
  if (!sentinel_.watches(rank)) {
    const Rank neighbour = neighbour_of(rank);
    if (neighbour == kNoRank) return false;
    tell(neighbour, MessageType::fence, rank);
  } else if (!sentinel_.fence(rank)) {
    return false;
  }
  condemned_.push_back({rank, t + lost_after_ / 2});
  return true;
}

/// A rank of the same node that was heard of lately.
Rank Watchman::neighbour_of(Rank rank) const {
  for (const Rank other : topology_.ranks_of(topology_.place(rank).node)) {
    if (other != rank && !vigil_.is_dropped(other) && !has(silent_, other)) return other;
  }
  return kNoRank;
}

void Watchman::look_as_worker(const std::vector<Rank>& exited, Time t) {
  if (has(exited, kHead)) leave("the head (rank 0) died");
  const bool near = sentinel_.watches(kHead);
  // The head may have counted this rank as dead while it was frozen.
  if (!near && vigil_.since_last_look(t) > lost_after_) leave("it was frozen for too long");
  if (!vigil_.silent(t).empty() && !near) leave("the head (rank 0) does not answer any more");
  give_sign();
  if (near) return;  // and the head sees all others of this node
  for (const Rank rank : exited) {
    if (!vigil_.is_dropped(rank)) exited_here_.push_back(rank);
    vigil_.drop(rank);
  }
  if (!is_lowest_here()) return;
  for (const Rank rank : exited_here_) tell(kHead, MessageType::rank_died, rank);
}

bool Watchman::is_lowest_here() const {
  for (const Rank rank : topology_.ranks_of(topology_.here().node)) {
    if (!vigil_.is_dropped(rank)) return rank == topology_.rank;
  }
  return false;
}

void Watchman::on_message(Rank source, const NoteMessage& note, Time t) {
  const Rank about{static_cast<std::int32_t>(number(note.first))};
  switch (note.header.type) {
    case MessageType::heartbeat:
      return vigil_.heard(source, t);
    case MessageType::rank_died:
      return told_.push_back(about);
    default:
      sentinel_.fence(about);
  }
}

/// Others may still reach it, but nobody can work with a rank that the head, or one it works with, cannot
/// reach: it counts as dead, and is killed if a neighbour can.
void Watchman::on_unreachable(Rank rank) {
  if (vigil_.is_dropped(rank)) return;
  if (topology_.rank != kHead) {
    if (rank == kHead) leave("the network does not reach the head (rank 0) any more");
    return tell(kHead, MessageType::rank_died, rank);
  }
  std::fprintf(stderr, "rankine: the network does not reach rank %d any more: it is taken for dead\n",
               index(rank));
  const Rank neighbour = sentinel_.watches(rank) ? kNoRank : neighbour_of(rank);
  if (neighbour != kNoRank) tell(neighbour, MessageType::fence, rank);
  told_.push_back(rank);
}

void Watchman::drop(Rank rank) {
  vigil_.drop(rank);
  std::erase(exited_here_, rank);
  std::erase_if(condemned_, [rank](const Condemned& condemned) { return condemned.rank == rank; });
}

void Watchman::tell(Rank to, MessageType type, Rank about) {
  NoteMessage note;
  note.header.type = type;
  note.first = ObjectId{static_cast<std::uint64_t>(index(about))};
  MessageWriter(transport_.append(to, sizeof note)).record(note);
}

/// Nothing collective, no destructors: others may hold what they would wait for.
void Watchman::leave(const char* why) const {
  std::fprintf(stderr, "rankine: rank %d leaves: %s\n", index(topology_.rank), why);
  std::fflush(nullptr);
  remove_mpi_files();
  _exit(1);
}

}  // namespace rankine::runtime
