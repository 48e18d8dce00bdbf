// SPDX-License-Identifier: Apache-2.0
// An actor on the rank where it lives: the object, the calls that wait for their turn, and the turns that are
// in progress.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <tsl/robin_map.h>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/actor.hpp>

#include "runtime/actor_messages.hpp"
#include "runtime/arguments.hpp"
#include "runtime/blob.hpp"
#include "runtime/entry.hpp"
#include "runtime/job.hpp"

namespace rankine::runtime {

class ActorHost;
class Turn;
struct ActorInstance;

/// A call that has arrived; it waits for those of its arguments that are not there yet.
struct HostedCall : Waiter {
  HostedCall* next = nullptr;
  ActorHost* host = nullptr;
  ActorInstance* instance = nullptr;
  Rank from{};
  std::uint64_t ticket = 0;  ///< 0: no reply is wanted
  TaskId caller{};
  std::uint64_t sequence = 0;
  TaskKey key{};
  std::uint64_t position = 0;
  FunctionId method{};
  std::uint16_t attempt = 0;
  bool resent = false;
  bool cancelled = false;
  bool inner = false;     ///< the actor itself waits for it, perhaps through others
  bool awaiting = false;  ///< arguments that are not there yet
  Blob* arguments = nullptr;
  std::vector<ObjectId> chain;
  std::vector<detail::EntryElement> dependencies;
  std::vector<Entry*> refs;  ///< what its arguments name, held
};

/// Calls in order of arrival.
struct CallQueue {
  HostedCall* first = nullptr;
  HostedCall* last = nullptr;

  bool empty() const { return first == nullptr; }
  void push(HostedCall* call) {
    call->next = nullptr;
    (last != nullptr ? last->next : first) = call;
    last = call;
  }
  HostedCall* pop() {
    HostedCall* call = first;
    first = call->next;
    if (first == nullptr) last = nullptr;
    return call;
  }
  /// Takes out the first that fits, or nullptr.
  template <class Fits>
  HostedCall* take_first(Fits fits) {
    HostedCall* before = nullptr;
    for (HostedCall* call = first; call != nullptr; before = call, call = call->next) {
      if (!fits(*call)) continue;
      (before != nullptr ? before->next : first) = call->next;
      if (last == call) last = before;
      return call;
    }
    return nullptr;
  }
};

/// Which recorded calls of one rank have been applied: all below `unapplied`'s first, or below `next`.
struct AppliedMarks {
  std::uint64_t next = 0;
  std::set<std::uint64_t> unapplied;
  std::uint64_t low() const { return unapplied.empty() ? next : *unapplied.begin(); }
};

struct ActorInstance {
  enum class Phase : std::uint8_t { constructing, alive, gone };

  ObjectId id{};
  std::uint16_t attempt = 1;
  TaskKey key{};
  FunctionId constructor{};
  ActorTraits traits;
  Phase phase = Phase::constructing;
  bool stopping = false;  ///< to be destroyed when nothing is in progress
  detail::ActorObject object;
  Blob* arguments = nullptr;  ///< of the constructor
  Blob* checkpoint = nullptr;
  std::vector<Blob*> dependencies;

  // One turn has the object at a time; those that wait in get() have given it up.
  Turn* active = nullptr;
  std::deque<Turn*> resumers;  ///< what they waited for is there
  std::uint32_t suspended = 0;
  std::vector<Turn*> turns;  ///< in progress

  CallQueue ready;
  std::uint32_t inner_ready = 0;                 ///< of those, calls that may enter while a method waits
  std::map<std::uint64_t, CallQueue> held_back;  ///< by caller: from the first whose arguments are missing

  tsl::robin_map<std::uint64_t, std::uint64_t> applied;  ///< by caller: the sequence applied last
  std::map<Rank, AppliedMarks> marks;
  std::uint32_t since_checkpoint = 0;
  bool save_asked = false;  ///< the run ends: its state is wanted before the next call
  bool closed = false;      ///< it was given: no further call runs, which the next run would not know of
  std::uint64_t checkpoints = 0;
  std::map<std::uint64_t, std::vector<std::pair<Rank, std::uint64_t>>> unsaved;  ///< marks, by checkpoint
};

/// One stretch of running on an actor: calls one after another until one of them waits, or none is left.
class Turn final : public Job {
 public:
  explicit Turn(ActorHost& host) : host_(host) {}
  void run() override;
  void ended() override;
  void blocked() override;
  void unblocked() override {}
  bool may_go_on() override;
  void still_running(Time) override {}

 private:
  friend class ActorHost;

  ActorHost& host_;
  ActorInstance* instance_ = nullptr;
  HostedCall* call_ = nullptr;  ///< that it runs
  std::vector<ObjectId> chain_;
  ArgumentsView view_;
};

}  // namespace rankine::runtime
