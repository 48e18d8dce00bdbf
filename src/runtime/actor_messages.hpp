// SPDX-License-Identifier: Apache-2.0
// The messages about actors: births and deaths between a rank and the head, calls and replies from rank to
// rank.
#pragma once

#include <cstdint>

#include <rankine/core/ids.hpp>

#include "runtime/messages.hpp"

namespace rankine::runtime {

/// What callers and hosts must know of an actor's options.
struct ActorTraits {
  std::int32_t max_restarts = 0;
  std::int32_t max_task_retries = 0;
  std::uint32_t max_concurrency = 1;
  std::uint32_t checkpoint_every = 0;

  /// Callers keep their calls until a checkpoint covers them, and send them again to a new life.
  bool recorded() const { return max_restarts != 0 && max_task_retries != 0; }
};

struct SpawnMessage {
  Header header;  ///< flags: detached
  ObjectId actor{};
  TaskId parent{};
  TaskKey key{};
  std::uint64_t class_hash = 0;
  std::uint32_t constructor = 0;
  std::uint32_t options_bytes = 0;
  std::uint32_t class_bytes = 0;  ///< of the class's name
  std::uint32_t dependencies = 0;
  ActorTraits traits;
};  // then packed Options, the class's name, ids, Body

struct ActorStartMessage {
  Header header;  ///< flags: a checkpoint follows the arguments
  ObjectId actor{};
  TaskKey key{};
  std::uint32_t constructor = 0;
  std::uint32_t attempt = 1;
  ActorTraits traits;
};  // then Body, Body

/// Where an actor lives, to those who hold its handle.
struct PlaceMessage {
  enum class State : std::uint8_t { alive, away, dead };  ///< away: another message will follow
  Header header;                                          ///< flags: State
  ObjectId actor{};
  std::int32_t rank = -1;
  std::uint32_t attempt = 0;
  ActorTraits traits;
};  // then, if dead, a Body

/// actor_ready, actor_failed (then a Body), actor_checkpoint (then a Body), actor_saved, actor_stop,
/// actor_kill (flags: restart), actor_covered (number: the position up to which calls are covered)
struct ActorNote {
  Header header;
  ObjectId actor{};
  std::uint64_t number = 0;  ///< of the checkpoint
  std::uint64_t attempt = 0;
};

struct CallMessage {
  Header header;  ///< count: ids of the chain; flags: it was sent to a former life before
  ObjectId actor{};
  TaskId caller{};
  std::uint64_t sequence =
      0;  ///< grows from call to call of the caller; the result is its child of this number
  TaskKey key{};
  std::uint64_t ticket = 0;    ///< of the caller's rank, for the reply; 0: none is wanted
  std::uint64_t position = 0;  ///< among the recorded calls of the caller's rank
  std::uint32_t method = 0;
  std::uint16_t attempt = 0;
  std::uint16_t dependencies = 0;
};  // then the chain, the ids of dependencies, Body

struct ReplyMessage {
  Header header;
  std::uint64_t ticket = 0;
};  // then Body

struct CancelCallMessage {
  Header header;
  ObjectId actor{};
  std::uint64_t ticket = 0;
};

struct NameQuery {
  Header header;  ///< flags: reserve it for `actor`; else: who has it
  ObjectId actor{};
  std::uint64_t class_hash = 0;
  std::uint32_t question = 0;
  std::uint32_t name_bytes = 0;
};  // then the name

/// `actor` has the name (for a reservation: who asked), or kNoObject and a text that says why not.
struct NameAnswer {
  Header header;
  ObjectId actor{};
  std::uint32_t question = 0;
  std::uint32_t text_bytes = 0;
};  // then the text

/// A rank has no call under way, and has made so many so far.
struct QuietMessage {
  Header header;
  std::uint64_t calls = 0;
};

}  // namespace rankine::runtime
