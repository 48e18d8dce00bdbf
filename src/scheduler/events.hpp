// SPDX-License-Identifier: Apache-2.0
// Everything that can happen to the scheduler, as a closed set of plain values. Spans point into the caller's
// memory and are read during handle() only. The shell has already dropped messages of a stale incarnation.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "scheduler/types.hpp"

namespace rankine::scheduler {

// ---- tasks
// ----------------------------------------------------------------------------------------------------

/// The value of an element that an earlier run computed.
struct Known {
  std::uint32_t element = 0;
  Value value;
};

/// A task, or a range of tasks of one function (map). The submitter holds the results and wants them
/// delivered. An id that exists already (a retried parent names its children as before) is adopted: nothing
/// runs twice.
struct Submitted {
  TaskId first{};
  std::uint32_t count = 1;
  bool range = false;  ///< element i has key element_key(key, i); a single task has key itself
  TaskId parent{};
  TaskKey key{};
  Rank submitter{};
  ClassId task_class{};
  Payload payload{};                       ///< packed arguments; the scheduler says when to drop them
  std::span<const ObjectId> dependencies;  ///< must be sealed before it starts
  std::span<const ObjectId> pins;          ///< refs inside the arguments: kept alive until it ended
  std::uint64_t payload_bytes = 0;         ///< size of the packed arguments, for the lineage budget only
  std::span<const Known> known{};          ///< in the order of elements: these are sealed and do not run
};

// What a worker says of a piece comes with the ticket of its Start.

/// Long-running work tells that it began (sent by the worker after about a millisecond): it is not recallable
/// any more.
struct Started {
  TaskId first{};
  Rank worker{};
  std::uint16_t attempt = 0;
  Ticket ticket{};
};

/// A piece that was started ended, all its elements at once. `outcomes` has `count` entries in order.
struct Finished {
  TaskId first{};
  std::uint32_t count = 1;
  Rank worker{};
  std::uint16_t attempt = 0;
  Nanoseconds busy = 0;  ///< time on the worker's CPU for the whole piece, for the estimates
  std::span<const Outcome> outcomes;
  std::span<const Inside> inside;  ///< refs that lie inside the results
  Ticket ticket{};
};

/// The task waits for objects: its resources are free for others until Unblocked.
struct Blocked {
  TaskId task{};
  Rank worker{};
  std::uint16_t attempt = 0;
  Ticket ticket{};
};
struct Unblocked {
  TaskId task{};
  Rank worker{};
  std::uint16_t attempt = 0;
  Ticket ticket{};
};

/// The answer to a Recall: these elements (the tail of a piece, or all of it) were not started and will not
/// be.
struct Recalled {
  TaskId first{};
  std::uint32_t count = 1;
  Rank worker{};
  std::uint16_t attempt = 0;
  Ticket ticket{};
};

struct CancelRequested {
  TaskId first{};
  std::uint32_t count = 1;
  bool force = false;  ///< also ends running work by killing its rank
};

/// The driver failed: everything that has not ended is to be cancelled, whoever submitted it.
struct EverythingCancelled {};

// ---- objects
// --------------------------------------------------------------------------------------------------

/// rk::put: a sealed object, held by its maker. One that exists already keeps its first value (the new one is
/// freed).
struct Put {
  ObjectId object{};
  Rank owner{};
  Value value;
  std::span<const ObjectId> inside;
};

/// A rank has unpacked a ref / dropped its last handle of the group (range) that `object` belongs to.
struct Held {
  ObjectId object{};
  Rank rank{};
};
struct Released {
  ObjectId object{};
  Rank rank{};
};

/// A rank waits for these objects; Deliver follows when each ends (at once if it has).
struct Wanted {
  ObjectId first{};
  std::uint32_t count = 1;
  Rank rank{};
};

/// The result of an actor's call became visible beyond the rank that made the call: a pending object, held by
/// `owner`, that a later Fulfilled ends. From then on it is a dependency, a pin, Wanted, Held and Released
/// like any other. It fails as lost when the rank of its owner is lost first; when nobody refers to it any
/// more it is forgotten, and a Fulfilled that still comes is freed. One that is
/// promised again (by a retried task on another rank) has one more holder, who is its owner from then on.
struct Promised {
  ObjectId object{};
  Rank owner{};
};
/// Ends a promised object: sealed with `value`, or, if `failed`, failed as `threw` with the packed error. If
/// it is unknown or has ended already, the value is freed and nothing else happens.
struct Fulfilled {
  ObjectId object{};
  Rank owner{};
  Value value;
  bool failed = false;
  std::span<const ObjectId> inside{};  ///< refs that lie inside the value
};

/// A ref to `object` is under way to rank `to` inside a message that does not pass the head. Sent by the
/// lender before its own Released; the group lives at least until the borrower, which has told what it keeps
/// (Held), says LoanReturned. That may come first, because it takes another way: loans are counted, below
/// zero too. Counts of a lost borrower are dropped, and what is lent to one later is ignored. `from`, if
/// given by both, also drops returns whose Lent died with the lender.
struct Lent {
  ObjectId object{};
  Rank to{};
  Rank from = kNoRank;
};
struct LoanReturned {
  ObjectId object{};
  Rank by{};
  Rank from = kNoRank;
};

/// The bytes of a sealed object turned out to be gone (its node died, its memory failed).
struct ObjectVanished {
  ObjectId object{};
};

// ---- workers
// --------------------------------------------------------------------------------------------------

struct WorkerJoined {
  Rank rank{};
  NodeId node{};
  Resources resources;
};

struct WorkerLost {
  Rank rank{};
  bool node_lost = false;  ///< the memory of its node is gone too
  TaskId culprit{};        ///< the task that crashed it, as the dying process said; 0: nobody knows
};

// ---- actors
// ---------------------------------------------------------------------------------------------------

/// The class's timeout is that of the constructor, counted from StartActor.
struct ActorSpawned {
  ObjectId actor{};
  TaskId parent{};
  TaskKey key{};
  Rank submitter{};
  ClassId task_class{};
  std::int32_t max_restarts = 0;
  Payload payload{};
  std::span<const ObjectId> dependencies;
  std::span<const ObjectId> pins;
  Value checkpoint{};  ///< of an earlier run: what its first life begins from; payload kNoPayload: none
};
struct ActorReady {
  ObjectId actor{};
  Rank worker{};
  std::uint16_t attempt = 0;
};
/// The constructor threw: `error` is the packed error.
struct ActorFailed {
  ObjectId actor{};
  Rank worker{};
  std::uint16_t attempt = 0;
  Value error;
};
struct ActorCheckpointed {
  ObjectId actor{};
  std::uint16_t attempt = 0;
  Value state;
};
struct ActorKilled {
  ObjectId actor{};
  bool restart = false;
};

// ---- gangs
// ----------------------------------------------------------------------------------------------------

/// A gang: one call on `ranks` workers at once. Its result is the value of member 0, or, with `all`, a group
/// of `ranks` objects [gang, gang + ranks) of which element i is the value of member i. They are sealed
/// together, and a failure fails them all. The class's timeout counts from RunGang.
struct GangSubmitted {
  TaskId gang{};
  std::uint32_t ranks = 1;
  TaskId parent{};
  TaskKey key{};
  Rank submitter{};
  ClassId task_class{};  ///< the request is that of one member
  Payload payload{};
  std::span<const ObjectId> dependencies;
  std::span<const ObjectId> pins;
  bool all = false;
};
struct GangMemberReady {
  TaskId gang{};
  Rank worker{};
  std::uint16_t attempt = 0;
};
struct GangMemberFinished {
  TaskId gang{};
  Rank worker{};
  std::uint16_t attempt = 0;
  Outcome outcome;
  std::span<const ObjectId> inside{};  ///< refs that lie inside the value
};

// ---- time
// -----------------------------------------------------------------------------------------------------

/// The instant of a SetTimer has come.
struct Tick {};

/// The run ends soon: from now on nothing is started, whatever gets ready; what is queued at workers is
/// recalled, what runs may end. It cannot be taken back.
struct DrainRequested {};

using Event = std::variant<Submitted, Started, Finished, Blocked, Unblocked, Recalled, CancelRequested,
                           EverythingCancelled, Put, Held, Released, Wanted, Promised, Fulfilled, Lent,
                           LoanReturned, ObjectVanished, WorkerJoined, WorkerLost, ActorSpawned, ActorReady,
                           ActorFailed, ActorCheckpointed, ActorKilled, GangSubmitted, GangMemberReady,
                           GangMemberFinished, Tick, DrainRequested>;

}  // namespace rankine::scheduler
