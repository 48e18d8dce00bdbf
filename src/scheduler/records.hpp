// SPDX-License-Identifier: Apache-2.0
// The records of the scheduler's tables: groups (a submission or a put), results, pieces (what is sent to a
// worker), links, actors, gangs. Plain data with 32-bit indices; no behaviour beyond small helpers.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <vector>

#include "scheduler/slab.hpp"
#include "scheduler/types.hpp"

namespace rankine::scheduler {

constexpr std::int32_t index_of(Rank rank) {
  return rankine::index(rank);
}
constexpr std::int32_t index_of(NodeId node) {
  return rankine::index(node);
}

/// How one element ended, or who waits for it while it is pending.
struct Result {
  std::uint64_t payload =
      kNone;  ///< pending: head of the list of waiters (links); ended: the value's payload
  std::uint64_t bytes = 0;
  std::int32_t node = index(kNoNode);
  ObjectState state = ObjectState::pending;
  FailureKind failure = FailureKind::none;
  std::uint8_t marks = 0;
};
static_assert(sizeof(Result) == 24);

enum ResultMark : std::uint8_t {
  kCancelAsked = 1,   ///< a cancellation is under way: an outcome that still comes is dropped
  kDropped = 2,       ///< sealed, but the value was freed because nobody held it
  kOwnFailure = 4,    ///< cause and text are in the failure table under this element
  kGroupFailure = 8,  ///< ... under the whole group
};

/// An entry of a singly linked list: an argument, an inner object, a waiter.
struct Link {
  Index target = kNone;       ///< group, or rank where `wants` is set
  std::uint32_t element = 0;  ///< of the target
  Index next = kNone;
  bool dependency = false;  ///< of an argument: must be sealed before the start (else it is only kept alive)
  bool wants = false;       ///< of a waiter: a rank waits, not a task
};

enum class Kind : std::uint8_t { task, put, actor, gang, promise };

enum GroupFlag : std::uint16_t {
  kLive = 1,           ///< the record is in use
  kRange = 2,          ///< elements have their own keys
  kInLane = 4,         ///< in its lane's ready list
  kHasArguments = 8,   ///< payload and argument pins are still kept
  kLineage = 16,       ///< all ended, arguments kept to remake lost values
  kZombie = 32,        ///< freed, but wait links still name the record
  kSomeDropped = 64,   ///< an element is marked kDropped
  kSomeOnNode = 128,   ///< a sealed value may lie in a node's memory
  kCausePinned = 256,  ///< the root of a dependency failure is among `inside`
  kFreeing = 512,      ///< on the list of groups to look at for freeing
  kLoans = 1024,       ///< there may be loans of it
  kLate = 2048,        ///< ready, but in no lane: it takes longer than what is left of the time
};

/// What few groups need. The first of the table is empty and stands for all that have none of their own.
struct Rare {
  Index returned = kNone;     ///< pieces that wait for a worker again
  Index inside = kNone;       ///< links
  Index range = kNone;        ///< pages of results, of a group that has not one element
  Index holder_set = kNone;   ///< holders beyond one
  Index extra = kNone;        ///< the record of an actor or a gang
  std::uint32_t remakes = 0;  ///< elements whose lost value was made again
};

/// A size in 16 bits, to within a hundredth: the upper half of a float.
class RoughSize {
 public:
  RoughSize() = default;
  explicit RoughSize(std::uint64_t bytes)
      : bits_(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(bytes)) >> 16)) {}
  std::uint64_t bytes() const {
    return static_cast<std::uint64_t>(std::bit_cast<float>(std::uint32_t{bits_} << 16));
  }

 private:
  std::uint16_t bits_ = 0;
};

/// One submission (a task or a range) with its results, or a put. A million of them may wait.
struct Group {
  ObjectId first{};
  TaskKey key{};
  Payload payload{};
  union {
    std::uint64_t sequence = 0;  ///< order of getting ready: FIFO within a priority
    std::uint64_t lineage;       ///< with kLineage: bytes counted for it
  };
  Result
      result;  ///< of a single, ranges keep theirs in pages; `bytes` is when it was submitted, till it ended
  std::uint32_t count = 0;
  std::uint32_t cursor = 0;   ///< elements from here on were never dispatched
  std::uint32_t ended = 0;    ///< elements sealed or failed
  std::uint32_t waiting = 0;  ///< wait links that have not fired
  std::uint32_t pins = 0;     ///< unfinished tasks, lineage and live objects that refer to it
  ClassId task_class{};
  Rank submitter = kNoRank;  ///< who is told of the ends; of a promise: who makes it end
  Rank holder = kNoRank;     ///< one holder; more are in the rare record's set
  Index lane_next = kNone;   ///< ready list; the lineage list when all ended; pending promises
  Index lane_previous = kNone;
  Index pieces = kNone;     ///< all pieces that exist, as siblings
  Index arguments = kNone;  ///< links
  Index rare = 0;
  RoughSize payload_size;  ///< of the packed arguments
  std::uint16_t flags : 13 = 0;
  Kind kind : 3 = Kind::task;
};
static_assert(sizeof(Group) == 112);

enum class PieceState : std::uint8_t {
  returned,  ///< waits for a worker (again)
  queued,    ///< sent, behind the active ones of the worker
  active,    ///< sent, holds resources, presumed to run
  blocked,   ///< runs, waits for objects, holds no resources
};
inline constexpr std::size_t kPieceStates = 4;

enum PieceFlag : std::uint8_t {
  kStarted = 1,      ///< reported by the worker
  kRecalling = 2,    ///< a Recall is under way
  kInterrupted = 4,  ///< an Interrupt was sent
  kForce = 8,        ///< the cancellation asked for force
  kTimedOut = 16,    ///< its time is over
};

/// Consecutive elements of a group which travel together.
struct Piece {
  Index group = kNone;
  std::uint32_t element = 0;
  std::uint32_t count = 0;
  Rank worker = kNoRank;
  Index next = kNone;  ///< in the worker's list, or in the group's list of returned pieces
  Index previous = kNone;
  Index sibling_next = kNone;
  Index sibling_previous = kNone;
  Time since;                ///< active or blocked since then, queued since then, or sent back
  Nanoseconds estimate = 0;  ///< of all its elements, as counted in the worker's load
  Index deaths = kNone;      ///< history of ranks that died under it
  std::uint32_t serial = 0;  ///< tells timers of an earlier use of this record apart
  std::uint32_t lane = 0;
  std::uint32_t shape = 0;  ///< what it takes of its worker: one of those that the lane asks for
  std::uint16_t attempt = 1;
  std::uint16_t death_count = 0;
  PieceState state = PieceState::returned;
  std::uint8_t flags = 0;
};

/// A doubly linked list of pieces.
struct PieceList {
  Index head = kNone;
  Index tail = kNone;
  std::uint32_t size = 0;
};

/// Ranks other than Group::holder that hold a group, sorted.
using HolderSet = std::vector<Rank>;

/// What a range has beyond a single task.
struct RangeExtra {
  struct WantedSpan {
    std::uint32_t element = 0;
    std::uint32_t count = 0;
    Rank rank{};
  };
  std::vector<Index> pages;  ///< kNone: no element of the page ended or is waited for
  std::vector<WantedSpan> wanted;
};

inline constexpr std::uint32_t kResultPageBits = 8;
inline constexpr std::uint32_t kResultPageSize = 1u << kResultPageBits;
struct ResultPage {
  Result results[kResultPageSize];
};

/// Refs to a group on their way to rank `to`, or arrived and not yet given back.
struct LoanKey {
  Index group = kNone;
  Rank to = kNoRank;
  Rank from = kNoRank;
  friend auto operator<=>(const LoanKey&, const LoanKey&) = default;
};

struct Death {
  Rank rank{};
  Index earlier = kNone;
};

enum class WorkerState : std::uint8_t { unknown, live, lost };

enum class ActorState : std::uint8_t {
  pending,     ///< waits for dependencies
  placing,     ///< waits for a worker
  starting,    ///< StartActor was sent
  alive,       ///< it takes calls
  restarting,  ///< its worker was lost after it had been alive; waits for another
  dead,
};
inline constexpr std::size_t kActorStates = 6;

/// What an actor has beyond its group, whose only element is the handle: sealed when the actor is ready for
/// the first time, failed when it is dead for good. The arguments are kept while it may start again.
struct Actor {
  Index group = kNone;
  std::uint32_t lane = 0;
  std::uint32_t shape = 0;  ///< what it takes of its worker
  Rank worker = kNoRank;    ///< holds its resources there while starting or alive
  std::int32_t max_restarts = 0;
  std::int32_t restarts = 0;
  Index deaths = kNone;
  Time since;                ///< placed
  std::uint32_t serial = 0;  ///< of this start, for its timers
  std::uint64_t tried = 0;   ///< State::supply_changes when room was last looked for in vain
  Value checkpoint;          ///< the last state it saved; payload kNoPayload: none
  bool checkpoint_lost = false;
  bool timed_out = false;  ///< its constructor, in this start
  std::uint16_t attempt = 1;
  ActorState state = ActorState::pending;
};

enum class GangState : std::uint8_t {
  waiting,    ///< for dependencies
  room,       ///< for enough workers with room at once
  preparing,  ///< PrepareGang was sent; not all members are ready
  running,    ///< RunGang was sent
  broken,     ///< a member was lost or threw, or the gang was cancelled; the others are leaving
  ended,
};
inline constexpr std::size_t kGangStates = 6;

/// Who stands in front: it gets its room before all others of the same or a lower priority.
struct Front {
  std::uint32_t lane = kNone;  ///< kNone: nobody
  Index group = kNone;         ///< a gang, or an actor that restarts; kNone: whatever is the head of the lane
  std::uint32_t shape = 0;     ///< what is kept on each worker
  std::uint8_t choice = 0;
  std::uint32_t ranks = 1;    ///< workers it asks for
  std::uint32_t secured = 0;  ///< the first so many of `workers` have their room
  Time since;                 ///< in front
  std::vector<Rank> workers;  ///< kept for it; empty: it waits until gangs end, which keep what it needs
};

struct GangMember {
  enum class State : std::uint8_t { preparing, ready, out };
  Rank rank = kNoRank;
  State state = State::preparing;
};

/// What a gang has beyond its group, whose elements are the values of all members, or of member 0 only.
/// Elements whose values were lost are made again by another run, in which the others keep what they have.
struct Gang {
  Index group = kNone;
  std::uint32_t lane = 0;
  std::uint32_t ranks = 1;
  std::uint32_t ready = 0;  ///< members that reported ready
  std::uint32_t out = 0;    ///< members that have left or are lost
  std::uint32_t shape = 0;  ///< what each member takes of its worker
  std::uint64_t tried = 0;  ///< State::supply_changes when room was last looked for in vain
  Index deaths = kNone;
  Index inside = kNone;        ///< links: refs inside `values`
  std::uint32_t serial = 0;    ///< of this run, for its timers; 0: none
  Time since;                  ///< placed
  std::uint32_t error_at = 0;  ///< the element that has the packed error which the others share
  std::vector<Value> values;   ///< what members returned in this attempt, by element
  Value error;                 ///< what was thrown first
  std::uint16_t attempt = 1;
  std::uint16_t death_count = 0;  ///< attempts that lost a member
  bool lost = false;              ///< a member was lost in this attempt
  bool crashed = false;           ///< a member is known to have crashed its rank
  bool failed = false;            ///< a member failed in this attempt
  bool timed_out = false;         ///< this attempt took too long
  bool cancelled = false;         ///< while it was placed
  bool all = false;               ///< there is an element for each member
  GangState state = GangState::waiting;
  std::vector<GangMember> members;  ///< once placed, by number
};

}  // namespace rankine::scheduler
