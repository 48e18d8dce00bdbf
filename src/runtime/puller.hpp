// SPDX-License-Identifier: Apache-2.0
// Reads values wherever they are: in place on this node, from the disk of the rank that made them, from
// another node. A value comes to a node once: the first rank that wants it keeps a replica, which its
// neighbours read and which is given up when memory is short. Whom to ask is the head's advice; without it,
// and when the advised rank has nothing any more, the rank that made the value is asked.
//
// A pull: `pull` -> `pulled`, which brings the bytes of a small value, or says how the rest is read: in
// place, by the remote reader, or in parts by `pull_more`, a few on their way at a time; then `unpin`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/context.hpp>

#include "runtime/messages.hpp"
#include "runtime/offload.hpp"
#include "runtime/topology.hpp"
#include "runtime/waiting.hpp"
#include "store/store.hpp"
#include "transport/transport.hpp"

namespace rankine::runtime {

struct LocationHash {
  std::size_t operator()(const Location& place) const { return hash_of(place); }
};

class Puller {
 public:
  Puller(const Topology& topology, transport::Transport& transport, Store& store, Waiting& waiting,
         Offload& offload);
  ~Puller();

  /// The bytes of a value, readable here while the owner lives; waits until they are. Called by the driver or
  /// a task, without the progress lock. Throws ObjectLost, SystemError.
  detail::ValueBytes get(const Location& origin);

  // All below: with the progress lock held.
  /// The same without waiting: `then` gets the bytes, perhaps before this returns, or none where they are
  /// lost.
  using Taker = std::function<void(std::optional<detail::ValueBytes>)>;
  void fetch(const Location& origin, Taker then);
  /// A small value of another node that will be read soon: it is asked for now. False if there is nothing to
  /// ask for: it is here, on its way, or better had when it is read.
  bool fetch_ahead(const Location& origin);
  /// Ask `source` for this value; this rank is told to forget it when it is freed.
  void advise(const Location& origin, Rank source);
  void forget(const Location& origin);
  void on_message(Rank from, const Header& header, std::span<const std::byte> message);
  /// Another node reads a value here: many networks need this rank's progress for it.
  bool lends_elsewhere() const;
  /// What was asked of it is asked elsewhere; what it held is let go.
  void on_rank_lost(Rank dead);

 private:
  /// A pull from another rank that this one will answer.
  struct Request {
    Rank asker{};
    std::uint64_t ticket = 0;
    bool exposed = false;
  };
  /// A value on its way to this rank.
  struct Copy {
    Location origin;
    Rank asked = kNoRank;
    std::uint64_t ticket = 0;
    std::vector<Waiter*> waiters;
    std::vector<Taker> takers;
    std::vector<Request> requests;
    std::optional<Reservation> room;            ///< of the replica
    std::shared_ptr<std::byte[]> private_room;  ///< where the arena has none
    detail::ValueBytes bytes;                   ///< the result
    std::span<std::byte> into;
    std::uint64_t asked_bytes = 0;
    std::uint64_t came_bytes = 0;
    enum class Outcome : std::uint8_t { pending, here, lost, broken } outcome = Outcome::pending;
    std::string trouble;
    bool replicate = false;  ///< the head will say when the replica can go
    bool forgotten = false;
    bool working = false;  ///< the offload thread is at it

    std::optional<detail::ValueBytes> result() const {
      return outcome == Outcome::here ? std::optional(bytes) : std::nullopt;
    }
  };
  using CopyPtr = std::shared_ptr<Copy>;
  /// What the head has told this rank of a value on another node.
  struct Known {
    Rank source = kNoRank;
    bool was_here = false;
    Location replica;  ///< on this node; node is kNoNode until there is one
    std::weak_ptr<const void> private_copy;
    std::span<const std::byte> private_bytes;
  };

  Rank rank_of(const Location& origin) const { return topology_.rank_at(origin.node, origin.slot); }
  /// Who answers for the place where a value was made: its rank, or, when that is lost, another one of the
  /// node, whose memory it shares; kNoRank when the node is lost.
  Rank keeper_of(const Location& origin) const;
  Rank whom_to_ask(const Location& origin) const;
  bool is_dead(Rank rank) const;
  std::optional<detail::ValueBytes> find(const Location& origin);
  Location place_of(const Location& origin) const;
  CopyPtr copy_of(const Location& origin);
  void ask(const CopyPtr& copy, Rank whom);
  void ask_origin_instead(const CopyPtr& copy);
  /// Does `work` on the offload thread; then `then` if nothing was thrown.
  template <class Work, class Then>
  void offload(const CopyPtr& copy, Work work, Then then);
  void restore(const CopyPtr& copy);
  void make_place(Copy& copy, Store::Effort effort);
  void read_exposed(const CopyPtr& copy, Rank from, const PulledMessage& pulled);
  void read_streamed(const CopyPtr& copy);
  void ask_more(Copy& copy);
  void keep(const CopyPtr& copy);
  void finish(const CopyPtr& copy);
  void fail(const CopyPtr& copy, Copy::Outcome outcome, std::string trouble);
  void end(const CopyPtr& copy, Copy::Outcome outcome);

  void on_pull(Rank from, const PullMessage& pull);
  void on_pulled(Rank from, const PulledMessage& pulled, const std::byte* bytes);
  void on_in_place(const CopyPtr& copy, Rank from, const PulledMessage& pulled);
  void on_part(const CopyPtr& copy, Rank from, const PulledMessage& pulled, const std::byte* bytes);
  void on_pull_more(Rank from, const PullMoreMessage& more);
  void answer(const Request& request, const Location& place, const detail::ValueBytes& value);
  void answer_text(const Request& request, PulledKind kind, const std::string& text);
  void send_pulled(Rank to, const PulledMessage& pulled, const std::byte* bytes);
  void unpin(Rank holder, std::uint64_t ticket);

  const Topology& topology_;
  transport::Transport& transport_;
  Store& store_;
  Waiting& waiting_;
  Offload& offload_;
  std::uint64_t whole_bytes_;  ///< of a value that comes in one answer
  std::uint64_t part_bytes_;   ///< of a part of a larger one
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<Location, Known, LocationHash> known_;
  std::unordered_map<Location, CopyPtr, LocationHash> active_;
  std::unordered_map<std::uint64_t, CopyPtr> by_ticket_;
  std::map<std::pair<Rank, std::uint64_t>, detail::ValueBytes> lent_;  ///< until the asker says unpin
  std::vector<Rank> dead_;
  std::shared_ptr<const void> last_private_;  ///< the last copy without room in the arena, for the next user
};

}  // namespace rankine::runtime
