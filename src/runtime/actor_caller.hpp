// SPDX-License-Identifier: Apache-2.0
// The calling side of a rank: spawns actors, sends calls straight to the ranks where actors live, takes the
// replies, and decides what becomes of calls when an actor begins a new life or dies. Results of calls are
// private to this rank until their names leave it; then the head is told first.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/runtime/actor.hpp>

#include "runtime/actor_link.hpp"
#include "runtime/actor_messages.hpp"
#include "runtime/client.hpp"
#include "runtime/head_link.hpp"
#include "runtime/topology.hpp"

namespace rankine::runtime {

class ActorHost;

/// All calls are made with the progress lock held, except those of ActorContext.
class ActorCaller final : public detail::ActorContext, public SecretKeeper {
 public:
  ActorCaller(const Topology& topology, Waiting& waiting, transport::Transport& transport, HeadLink& link,
              Store& store, BlobPool& blobs, Client& client);
  ~ActorCaller();
  void connect(ActorHost& host) { host_ = &host; }

  // detail::ActorContext
  detail::EntryHandle spawn(const detail::ActorSpawn& spawn, detail::Buffer&& arguments) override;
  detail::EntryHandle call(detail::ObjectEntry& actor, const detail::MethodCall& call,
                           detail::Buffer&& arguments) override;
  void kill(detail::ObjectEntry& actor, bool restart) override;
  detail::EntryHandle find(std::string_view name, const std::type_info& type) override;

  // SecretKeeper
  detail::ActorContext& context() override { return *this; }
  void publish(Entry& entry) override;
  void forget(Entry& entry) override;
  void cancel(Entry& entry) override;

  // Messages.
  void on_place(MessageReader& message);
  void on_reply(const ReplyMessage& reply, Blob* blob, bool failed, std::vector<Entry*>& inside);
  void on_covered(const ActorNote& note);
  void on_name_answer(MessageReader& message);
  /// Replies that were on their way from there are lost; the head tells what becomes of its actors.
  void on_rank_lost(Rank dead);
  /// Answers once no call of this rank is under way.
  void on_quiet_query(std::uint8_t round);

  /// Sends what `to` needs to know of these objects before a message that names them.
  void lend(std::span<const ObjectId> refs, Rank to);
  /// Gives up bytes that were sent to this rank.
  void drop_value(Blob* blob);

  std::uint64_t calls_made() const { return calls_made_; }
  std::size_t under_way() const { return under_way_; }

  /// Gives up all calls: the runtime ends.
  void close();

 private:
  ActorLink& link_of(Entry& actor);
  std::uint32_t take_call();
  void append(ActorLink& link, std::uint32_t index);
  void remove(std::uint32_t index);
  void send(std::uint32_t index);
  void send_message(const MadeCall& made, std::uint64_t ticket);
  void end(std::uint32_t index, Slot::State state, Blob* blob);
  void fail(std::uint32_t index, scheduler::FailureKind kind, const std::string& text);
  void fail_packed(std::uint32_t index, std::span<const std::byte> failure);
  void fulfil(Entry& entry);
  void send_here(MadeCall& made, std::uint64_t ticket);
  void hold_refs(MadeCall& made);
  void let_go(MadeCall& made);
  void free_place(const Location& place);
  void begin_life(ActorLink& link);
  void end_all(ActorLink& link);
  void note(MessageType type, ObjectId object, std::uint32_t count);
  ObjectId ask_name(std::string_view name, const std::type_info& type, ObjectId reserve_for);
  void send_quiet_answer();
  bool is_here(const ActorLink& link) const { return link.rank == topology_.rank; }
  MadeCall& at(std::uint32_t index) { return calls_[index]; }

  struct Question {
    std::uint32_t number = 0;
    Waiter waiter;
    ObjectId actor{};
    std::string text;
  };

  const Topology& topology_;
  Waiting& waiting_;
  transport::Transport& transport_;
  HeadLink& link_;
  Store& store_;
  BlobPool& blobs_;
  Client& client_;
  ActorHost* host_ = nullptr;
  std::deque<MadeCall> calls_{1};  ///< by number; 0 is nobody
  std::vector<std::uint32_t> free_calls_;
  std::vector<std::unique_ptr<ActorLink>> links_;
  std::vector<Question*> questions_;
  std::uint32_t questions_asked_ = 0;
  std::map<Rank, std::uint64_t> loans_;  ///< to each rank so far
  std::uint64_t calls_made_ = 0;
  std::size_t under_way_ = 0;
  bool quiet_asked_ = false;
  std::uint8_t quiet_round_ = 0;
};

}  // namespace rankine::runtime
