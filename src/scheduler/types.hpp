// SPDX-License-Identifier: Apache-2.0
// The plain values that scheduler events and commands are made of. The scheduler never sees bytes: a Payload
// is a number that means something to the shell (runtime/head) alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rankine/core/amount.hpp>
#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

namespace rankine::scheduler {

/// Opaque handle to bytes that the shell keeps (packed arguments, a value, an error). 0 means none.
enum class Payload : std::uint64_t {};
inline constexpr Payload kNoPayload{0};

/// Where the bytes of a sealed object are. `node` is kNoNode for a value kept inline at the head.
struct Value {
  Payload payload = kNoPayload;
  std::uint64_t bytes = 0;
  NodeId node = kNoNode;
};

/// What a task asks for or a worker has. `custom` is sorted by name.
struct Resources {
  Amount cpus;
  Amount gpus;
  Amount memory_gib;
  std::vector<std::pair<std::string, Amount>> custom;
  friend bool operator==(const Resources&, const Resources&) = default;
};

enum class Strategy : std::uint8_t {
  pack,         ///< the most recently active worker that fits (default: keeps idle ranks asleep)
  spread,       ///< the worker, then the node, with the least in use
  strict_pack,  ///< gangs: all members on one node, or never
};

/// The options that many submissions share. Interned: equal classes get equal ClassIds.
struct TaskClass {
  FunctionId function{};
  Resources request;
  std::vector<Resources> alternatives;  ///< tried in this order after `request`: what fits now is taken
  std::int32_t priority = 0;            ///< larger first, among what is ready
  std::int32_t max_retries = 3;         ///< further attempts after the death of a worker
  bool retry_exceptions = false;        ///< also retry (within max_retries) when the function throws
  Nanoseconds timeout = 0;              ///< of one attempt; 0: none
  Rank rank = kNoRank;                  ///< affinity; hard to a rank that is not there: fails at once
  NodeId node = kNoNode;                ///< affinity, likewise
  bool soft_affinity = false;           ///< elsewhere rather than wait
  Strategy strategy = Strategy::pack;
  std::string name;  ///< for people: shown in errors, traces and explain
  friend bool operator==(const TaskClass&, const TaskClass&) = default;
};

/// Names what one Start sent: the number of the piece's record and which use of the record that is. It comes
/// back with all that the worker says of the piece, so that nothing is searched for. Worker, attempt and id
/// are compared, too: a ticket only tells where to look.
struct Ticket {
  std::uint32_t serial = 0;  ///< of the use; 0: of none, and what comes with it is stale
  std::uint32_t piece = 0;
  std::uint32_t group = 0;  ///< the number of the submission's record, only to be fetched early
  friend bool operator==(const Ticket&, const Ticket&) = default;
};

/// How one element of a finished piece ended on the worker.
struct Outcome {
  Value value;  ///< the result, or the packed error if `failed`
  bool failed = false;
};

/// An object that lies inside another: `inner` lives at least as long as element `element` of the event's
/// range.
struct Inside {
  std::uint32_t element = 0;
  ObjectId inner{};
};

enum class FailureKind : std::uint8_t {
  none,
  threw,  ///< the user's function threw; the value holds the packed error
  cancelled,
  worker_died,    ///< no retry left; text says which ranks
  poison,         ///< three ranks died under it
  unsatisfiable,  ///< no rank can ever satisfy the request; text says what the largest has
  timed_out,
  lost,             ///< the only copy is gone and nothing can make it again
  dependency,       ///< an argument failed; `cause` is that object
  actor_died,       ///< only inside packed errors: of a call
  actor_restarted,  ///< only inside packed errors: of a call
};

enum class ObjectState : std::uint8_t { unknown, pending, sealed, failed };

/// What the shell may ask about an object.
struct ObjectView {
  ObjectState state = ObjectState::unknown;
  Value value;  ///< sealed: the value; failed by `threw`: the packed error
  FailureKind failure = FailureKind::none;
  ObjectId cause{};           ///< follow it when failure == dependency
  std::string_view text;      ///< for failures that the scheduler itself made
  std::string_view name;      ///< of the task or gang that failed
  ObjectId group{};           ///< first object of the submission it belongs to: what ranks hold
  std::uint32_t count = 1;    ///< of that submission
  Rank worker = kNoRank;      ///< of an actor: where it lives or starts; kNoRank: nowhere now
  std::uint16_t attempt = 0;  ///< of an actor: which of its lives that is, from 1
};

}  // namespace rankine::scheduler
