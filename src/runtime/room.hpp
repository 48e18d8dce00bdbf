// SPDX-License-Identifier: Apache-2.0
// Memory for new objects when the node's arena is full: this rank spills, then asks the other ranks of its
// node to, then waits for what running tasks have pinned, as long as that may come. Never for ever: when
// nothing moves any more, the wait ends with an error that names the sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <rankine/core/ids.hpp>

#include "runtime/messages.hpp"
#include "runtime/offload.hpp"
#include "runtime/topology.hpp"
#include "runtime/waiting.hpp"
#include "store/store.hpp"
#include "transport/transport.hpp"

namespace rankine::runtime {

class Room {
 public:
  Room(const Topology& topology, transport::Transport& transport, Store& store, Waiting& waiting,
       Offload& offload);

  /// Memory for an object of the driver. Called without the progress lock; may wait. Throws StoreFull.
  Reservation reserve(std::size_t bytes);
  /// Memory for what a task makes, which holds what it has pinned meanwhile: where room does not come soon
  /// and there is a disk, nothing is returned and the value goes there, so that tasks never wait for each
  /// other in a circle.
  std::optional<Reservation> reserve_for_task(std::size_t bytes);

  // With the progress lock held.
  void on_make_room(Rank from, const RoomMessage& message);
  void on_made_room(Rank from, const RoomMessage& message);
  void on_rank_lost(Rank dead);

 private:
  /// What the ranks of the node answered to one question.
  struct Round {
    std::uint64_t ticket = 0;
    std::vector<Rank> missing;
    Waiter waiter;
    bool computing = false;           ///< somebody does
    std::uint64_t given_bytes = 0;    ///< back to the node
    std::uint64_t pinned_bytes = 0;   ///< by all but this rank
    std::uint64_t movable_bytes = 0;  ///< the same
  };
  std::optional<Reservation> wait_for_room(std::size_t bytes, bool not_for_long);
  void ask(Round& round, std::size_t bytes, Lock& lock);
  void answered(Round& round, Rank rank);
  [[noreturn]] void give_up(std::size_t bytes, const Round& round) const;

  const Topology& topology_;
  transport::Transport& transport_;
  Store& store_;
  Waiting& waiting_;
  Offload& offload_;
  std::vector<Rank> neighbours_;
  std::vector<Round*> rounds_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace rankine::runtime
