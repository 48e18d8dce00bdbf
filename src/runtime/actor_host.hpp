// SPDX-License-Identifier: Apache-2.0
// The executing side of a rank's actors: starts and ends them, queues their calls, runs them in turns on
// fibers, replies straight to the callers.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include <tsl/robin_map.h>

#include "runtime/actor_caller.hpp"
#include "runtime/actor_instance.hpp"
#include "runtime/client.hpp"
#include "runtime/head_link.hpp"
#include "runtime/room.hpp"
#include "runtime/topology.hpp"

namespace rankine::runtime {

class ResultHolder;

/// Takes jobs that any executor of the rank may run.
class JobQueue {
 public:
  virtual void post(Job& job) = 0;
  /// A job that was suspended goes on.
  virtual void resume(Job& job) = 0;

 protected:
  ~JobQueue() = default;
};

/// All calls are made with the progress lock held, except where said.
class ActorHost {
 public:
  ActorHost(const Topology& topology, Waiting& waiting, JobQueue& jobs, transport::Transport& transport,
            HeadLink& link, Store& store, Room& room, BlobPool& blobs, Client& client, ActorCaller& caller,
            std::size_t inline_bytes);
  ~ActorHost();

  // Messages from the head.
  void on_dependency(MessageReader& message);
  void on_start(MessageReader& message);
  void on_stop(const ActorNote& note);
  void on_saved(const ActorNote& note);
  // Messages from other ranks.
  void on_call_refs(Rank source, MessageReader& message);
  void on_call(Rank source, MessageReader& message);
  void on_reply(Rank source, MessageReader& message);
  void cancel(ObjectId actor, Rank from, std::uint64_t ticket);

  HostedCall* take_call();
  /// A call that has arrived, with what its arguments name held in `refs`.
  void accept(ObjectId actor, HostedCall* call, std::span<const ObjectId> dependencies);

  /// Destroys the objects that live; without the lock.
  void close();
  /// Saves all actors here that can be and are not in the middle of a call that waits; then says
  /// actors_saved.
  void save_all();

 private:
  bool can_save(const ActorInstance& instance) const;
  void save_if_asked(Turn& turn, Lock& lock);
  void save_over(ActorInstance& instance);
  void say_saved();
  friend class Turn;

  void queue(HostedCall* call);
  void release_held_back(ActorInstance& instance, std::uint64_t caller);
  static void on_arguments(Waiter& waiter);
  void send_loan_note(MessageType type, ObjectId object, Rank lender, std::uint64_t loans);
  void recycle(HostedCall* call);
  void run_one(Turn& turn, HostedCall& call, Lock& lock);
  void interrupt(Turn& turn);
  void drop_calls(ActorInstance& instance);
  void settle(ActorInstance& instance);
  void post_turn(ActorInstance& instance);
  bool may_start(const ActorInstance& instance) const;
  HostedCall* next_call(ActorInstance& instance);
  ActorInstance* find(ObjectId actor) const;
  void await_arguments(HostedCall* call, std::span<const ObjectId> dependencies);

  // On the fiber, with the lock held where a Lock is passed.
  void run(Turn& turn);
  void run_calls(Turn& turn, Lock& lock);
  void construct(Turn& turn, Lock& lock);
  static void describe(Turn& turn, const char* what, FunctionId function, std::uint64_t argument_bytes);
  void make_object(Turn& turn);
  void load_object(ActorInstance& instance);
  void destroy(Turn& turn, Lock& lock);
  void execute(Turn& turn, HostedCall& call, ResultHolder& result);
  void invoke(Turn& turn, HostedCall& call, ResultHolder& result);
  void reply(const HostedCall& call, ResultHolder& result);
  void reply_failure(const HostedCall& call, scheduler::FailureKind kind, const char* text);
  void reply_cancelled(HostedCall* call);
  void note_applied(HostedCall& call);
  void save(Turn& turn, Lock& lock);
  Blob* failure_blob(FunctionId function, std::uint16_t attempt) const;
  void retire(ActorInstance& instance);

  void turn_ended(Turn& turn);
  void turn_blocked(Turn& turn);
  bool may_go_on(Turn& turn);
  void send_note(MessageType type, const ActorInstance& instance, std::uint64_t number, const Blob* body,
                 bool failed);

  const Topology& topology_;
  Waiting& waiting_;
  JobQueue& jobs_;
  transport::Transport& transport_;
  HeadLink& link_;
  Store& store_;
  Room& room_;
  BlobPool& blobs_;
  Client& client_;
  ActorCaller& caller_;
  std::size_t inline_bytes_;
  tsl::robin_map<std::uint64_t, ActorInstance*> by_id_;
  std::vector<std::unique_ptr<ActorInstance>> instances_;
  std::vector<Blob*> staged_dependencies_;
  std::vector<std::vector<Entry*>> staged_refs_;  ///< by rank: of its next call or reply
  std::deque<HostedCall> all_calls_;
  std::vector<HostedCall*> free_calls_;
  std::vector<std::unique_ptr<Turn>> all_turns_;
  std::vector<Turn*> free_turns_;
  std::size_t saves_left_ = 0;  ///< of save_all
};

}  // namespace rankine::runtime
