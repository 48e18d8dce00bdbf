// SPDX-License-Identifier: Apache-2.0
// Finds out which ranks are dead. On a node by their processes: the head sees those of its own node, of
// another node the lowest living rank tells it. Between nodes, and for processes that are frozen, by
// heartbeats: a rank that was silent for too long is killed by a rank of its node before the head counts it
// as dead, so that it cannot wake up and write; where nobody can, nobody touches its memory again. A worker
// that has lost the head leaves. Only the head declares a rank dead.
#pragma once

#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

#include "runtime/messages.hpp"
#include "runtime/sentinel.hpp"
#include "runtime/topology.hpp"
#include "runtime/vigil.hpp"
#include "transport/transport.hpp"

namespace rankine::runtime {

/// All calls are made with the progress lock held.
class Watchman {
 public:
  Watchman(const Topology& topology, transport::Transport& transport, Sentinel& sentinel,
           Nanoseconds lost_after);
  ~Watchman();
  Watchman(const Watchman&) = delete;
  Watchman& operator=(const Watchman&) = delete;

  /// Time to look: one load.
  bool due() const { return sentinel_.has_news(); }
  /// Sends a sign of life. On the head: ranks that are certainly dead, or beyond reach, and not buried yet.
  std::vector<Rank> look(Time t);
  /// heartbeat, rank_died, fence
  void on_message(Rank source, const NoteMessage& note, Time t);
  /// The network does not reach it.
  void on_unreachable(Rank rank);
  /// It is dead and known to be, or said goodbye.
  void drop(Rank rank);

  /// How often ranks give a sign of life.
  static Nanoseconds beat(Nanoseconds lost_after);

 private:
  struct Condemned {
    Rank rank;
    Time deadline;  ///< until then it may be killed; after it, it counts as dead all the same
  };

  void give_sign();
  std::vector<Rank> look_as_head(const std::vector<Rank>& exited, Time t);
  void look_as_worker(const std::vector<Rank>& exited, Time t);
  bool condemn(Rank rank, Time t);
  Rank neighbour_of(Rank rank) const;
  bool is_lowest_here() const;
  void tell(Rank to, MessageType type, Rank about);
  [[noreturn]] void leave(const char* why) const;

  const Topology& topology_;
  transport::Transport& transport_;
  Sentinel& sentinel_;
  const Nanoseconds lost_after_;
  Vigil vigil_;
  std::vector<Rank> silent_;  ///< on the head, at the last look
  std::vector<Condemned> condemned_;
  std::vector<Rank> told_;         ///< on the head: dead, as a rank of another node says
  std::vector<Rank> exited_here_;  ///< on a worker of another node: not told to the head yet
};

}  // namespace rankine::runtime
