// SPDX-License-Identifier: Apache-2.0
// Which events a piece, an object, a worker, an actor and a gang may meet in which state, as data. A stale
// event changes nothing; an impossible one is a bug of this floor or of its shell and ends the process with
// the history.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "scheduler/records.hpp"

namespace rankine::scheduler {

enum class PieceEvent : std::uint8_t {
  dispatched,
  activated,
  started,
  finished,
  blocked,
  unblocked,
  recalled,
  cancelled,
  timed_out,
  worker_lost,
};
inline constexpr std::size_t kPieceEvents = 10;

enum class ObjectEvent : std::uint8_t {
  named,   ///< a submission or a put makes the id known
  sealed,  ///< it has a value
  failed,  ///< it will never have one
  gone,    ///< its only copy is lost, and nothing makes it again
  remade,  ///< what makes it runs again
  freed,   ///< nobody refers to it any more
};
inline constexpr std::size_t kObjectStates = 4;
inline constexpr std::size_t kObjectEvents = 6;

enum class WorkerEvent : std::uint8_t { joined, lost, reported };
inline constexpr std::size_t kWorkerStates = 3;
inline constexpr std::size_t kWorkerEvents = 3;

enum class ActorEvent : std::uint8_t {
  dependencies_ended,
  placed,        ///< StartActor was sent
  ready,         ///< ActorReady
  threw,         ///< ActorFailed: the constructor, or load, threw
  checkpointed,  ///< ActorCheckpointed
  worker_lost,
  killed,       ///< for good, or because nobody holds its handle any more
  kill_retry,   ///< killed, to be started again
  given_up,     ///< a dependency failed, or no worker can ever hold it
  values_lost,  ///< a dependency is made again
  timed_out,    ///< the constructor took too long
};
inline constexpr std::size_t kActorEvents = 11;

enum class GangEvent : std::uint8_t {
  dependencies_ended,
  placed,           ///< PrepareGang was sent to all members
  member_ready,     ///< GangMemberReady
  member_finished,  ///< GangMemberFinished
  member_lost,
  cancelled,
  given_up,     ///< a dependency failed, or there never will be room
  values_lost,  ///< a dependency is made again
  remade,       ///< a lost value is made again
  timed_out,    ///< this attempt took too long, or its members do not leave
};
inline constexpr std::size_t kGangEvents = 10;

enum class Verdict : std::uint8_t { allowed, stale, impossible };

Verdict verdict(PieceState state, PieceEvent event);
Verdict verdict(ObjectState state, ObjectEvent event);
Verdict verdict(WorkerState state, WorkerEvent event);
Verdict verdict(ActorState state, ActorEvent event);
Verdict verdict(GangState state, GangEvent event);

const char* to_text(PieceState state);
const char* to_text(PieceEvent event);
const char* to_text(ObjectState state);
const char* to_text(ObjectEvent event);
const char* to_text(WorkerState state);
const char* to_text(WorkerEvent event);
const char* to_text(ActorState state);
const char* to_text(ActorEvent event);
const char* to_text(GangState state);
const char* to_text(GangEvent event);

/// The last transitions, for the report of a broken table.
class History {
 public:
  void note(ObjectId task, PieceState state, PieceEvent event) {
    put(task, Family::task, static_cast<std::uint8_t>(state), static_cast<std::uint8_t>(event));
  }
  void note(ObjectId object, ObjectState state, ObjectEvent event) {
    put(object, Family::object, static_cast<std::uint8_t>(state), static_cast<std::uint8_t>(event));
  }
  void note(ObjectId rank, WorkerState state, WorkerEvent event) {
    put(rank, Family::worker, static_cast<std::uint8_t>(state), static_cast<std::uint8_t>(event));
  }
  void note(ObjectId actor, ActorState state, ActorEvent event) {
    put(actor, Family::actor, static_cast<std::uint8_t>(state), static_cast<std::uint8_t>(event));
  }
  void note(ObjectId gang, GangState state, GangEvent event) {
    put(gang, Family::gang, static_cast<std::uint8_t>(state), static_cast<std::uint8_t>(event));
  }
  /// One line an entry, oldest first; of all records, because the cause often lies with a neighbour.
  std::string text() const;

 private:
  enum class Family : std::uint8_t { task, object, worker, actor, gang };
  struct Entry {
    ObjectId id{};
    Family family{};
    std::uint8_t state = 0;
    std::uint8_t event = 0;
  };
  void put(ObjectId id, Family family, std::uint8_t state, std::uint8_t event) {
    ring_[next_++ % ring_.size()] = {id, family, state, event};
  }

  std::array<Entry, 64> ring_{};
  std::uint64_t next_ = 0;
};

}  // namespace rankine::scheduler
