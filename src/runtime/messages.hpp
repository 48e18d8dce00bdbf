// SPDX-License-Identifier: Apache-2.0
// The messages between head and ranks, byte for byte. All start with a Header; records are trivially copyable
// and 8-byte aligned. Both sides run the same binary on the same architecture (checked at start by the
// function table's hash).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

#include "scheduler/types.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// Names a place in few bytes.
inline std::uint64_t hash_of(const Location& place) {
  return hash_mix(std::uint64_t{place.block} << 32 | place.serial,
                  static_cast<std::uint64_t>(index(place.node)) << 32 | place.slot);
}

enum class MessageType : std::uint8_t {
  // head -> rank
  dependency,  ///< DependencyMessage: the value of a future argument of the next `start`
  task_class,  ///< what the tasks of a class ask for; before the first start of one that is not plain
  start,
  recall,
  interrupt,
  prepare_gang,
  run_gang,
  break_gang,
  gang_over,  ///< all members have returned: nobody sends on its communicator any more
  deliver,
  free_block,
  shutdown,
  explained,  ///< the answer to `explain`
  rank_lost,  ///< touch it no more
  actor_dependency,
  actor_start,
  actor_stop,
  actor_place,
  actor_saved,
  name_answer,
  quiet_query,
  draining,     ///< nothing new starts; how long what runs may take
  save_actors,  ///< those that can be; answered by actors_saved
  // rank -> rank
  call_refs,  ///< ObjectGroups of the next actor_call or actor_reply of this sender
  actor_call,
  actor_reply,
  actor_cancel,
  actor_covered,
  // rank -> head
  refs,  ///< InsideRecords of the next submit, put or finished
  submit,
  started,
  finished,
  blocked,
  unblocked,
  recalled,
  cancel,
  put,
  held,
  released,
  wanted,
  gang_ready,
  gang_finished,
  explain,
  vanished,  ///< NoteMessage, attempt: hash of the place where `first` is no more; wanted again
  leaving,   ///< it kills itself because it was asked to; what it had not started it has given back
  goodbye,
  // head -> rank, about values on other nodes
  advice,  ///< whom to ask for one
  forget,  ///< it is freed
  // rank -> rank: values that are elsewhere or on disk, and room for new ones
  pull,
  pulled,
  pull_more,
  unpin,
  make_room,
  made_room,
  ask_counters,
  counters,
  promised,
  fulfilled,
  lent,           ///< NoteMessage, count: the borrower
  loan_returned,  ///< NoteMessage, count: the lender
  follows,        ///< NoteMessage, count: the lender, attempt: how many of its loans this rank has met
  actor_spawn,
  actor_ready,
  actor_failed,
  actor_checkpoint,
  actor_kill,
  name_query,
  quiet_answer,
  heartbeat,  ///< both ways between head and ranks
  rank_died,  ///< first: a rank of the sender's node
  // head -> rank
  fence,  ///< kill rank `first`, which is of the receiver's node and silent
  // about the end of the run's time
  stop_asked,    ///< flags: the signal that this rank got
  actors_saved,  ///< after their checkpoints
};

struct Header {
  MessageType type{};
  std::uint8_t flags = 0;
  Incarnation incarnation{0};  ///< of the sender
  std::uint32_t count = 0;     ///< of the records that follow
};
static_assert(sizeof(Header) == 8);

/// Where the bytes of a value are.
enum class BodyKind : std::uint32_t { inline_bytes, located, failure };

/// A value in a message: this record, then the bytes (padded to 8) or a Location. A failure is bytes too:
/// what Failure packs.
struct Body {
  BodyKind kind = BodyKind::inline_bytes;
  std::uint32_t bytes = 0;  ///< that follow in the message
};

/// What ranks hold: the results of one submission.
struct ObjectGroup {
  ObjectId first{};
  std::uint64_t count = 1;
};

struct StartMessage {
  Header header;  ///< count: elements of the piece
  TaskId first{};
  TaskKey key{};              ///< of the submission
  std::uint32_t element = 0;  ///< of `first` in the submission
  std::uint32_t function = 0;
  std::uint16_t attempt = 1;
  std::uint8_t range = 0;
  std::uint8_t cut = 0;  ///< the body holds this piece only, not the whole submission
  std::uint32_t task_class = 0;
  std::uint8_t plain = 1;      ///< of a plain class, of which nothing was told
  std::uint8_t choice = 0;     ///< which of the class's ways to run it
  std::uint8_t awaited = 0;    ///< its end is to be told at once
  scheduler::Ticket ticket{};  ///< comes back with `finished`
};                             // then a Body with the packed arguments

struct TaskClassMessage {
  Header header;  ///< count: bytes of the packed ClassDemand that follow
  std::uint64_t task_class = 0;
};

/// Then a Body with the value.
struct DependencyMessage {
  Header header;
  ObjectId object{};
};

/// recall, interrupt (flags: force), cancel (flags: force), held, released, wanted, run_gang, break_gang,
/// gang_over, gang_ready, explain (attempt: the ticket), rank_lost (first: the rank), heartbeat, rank_died,
/// fence (first: the rank)
struct NoteMessage {
  Header header;  ///< count: elements
  ObjectId first{};
  std::uint64_t attempt = 0;
};

/// started, blocked, unblocked, recalled
struct PieceMessage {
  Header header;  ///< count: elements
  ObjectId first{};
  std::uint32_t attempt = 0;
  scheduler::Ticket ticket{};  ///< of its `start`
};

struct PrepareGangMessage {
  Header header;  ///< count: ranks of the members, as std::int32_t, that follow
  TaskId gang{};
  TaskKey key{};
  std::uint32_t function = 0;
  std::uint32_t member = 0;
  std::uint32_t serial = 0;  ///< of all gangs that ran so far; equal for all members
  std::uint16_t attempt = 1;
  std::uint8_t value_wanted = 0;  ///< else the member's value is dropped
  std::uint8_t plain = 1;         ///< of a plain class, of which nothing was told
  std::uint32_t task_class = 0;
};  // then ranks, Body with the packed arguments

struct DeliverMessage {
  Header header;  ///< count: Bodies that follow
  ObjectId first{};
};

struct ExplainedMessage {
  Header header;  ///< count: bytes of the packed Explanation that follow
  std::uint64_t ticket = 0;
};

struct FreeBlockMessage {
  Header header;
  Location location;
};

struct SubmitMessage {
  Header header;  ///< count: elements; flags: range (of a gang: values of all members)
  TaskId first{};
  TaskId parent{};
  TaskKey key{};
  std::uint32_t function = 0;
  std::uint32_t options_bytes = 0;  ///< packed Options, padded to 8; 0: the defaults
  std::uint32_t dependencies = 0;   ///< ids
  std::uint32_t gang_ranks = 0;     ///< members of a gang; 0: a task or a range
  std::uint64_t argument_hash = 0;  ///< if is_hashed
  std::uint64_t is_hashed = 0;
};  // then options, dependencies, Body

struct PutMessage {
  Header header;
  ObjectId object{};
};  // then Body

/// finished, gang_finished
struct FinishedMessage {
  Header header;  ///< count: Bodies that follow
  TaskId first{};
  Nanoseconds busy = 0;
  std::uint32_t attempt = 0;
  scheduler::Ticket ticket{};  ///< of a piece: that of its `start`
};
using InsideRecord = scheduler::Inside;

/// advice, forget
struct AdviceMessage {
  Header header;
  Location origin;
  std::int64_t source = -1;  ///< rank that has the value or gets it
};

struct PullMessage {
  Header header;  ///< flags: the asker can read this node's arena
  std::uint64_t ticket = 0;
  Location origin;
};

/// How a pull is answered.
enum class PulledKind : std::uint32_t {
  bytes,     ///< all of them follow
  in_place,  ///< pinned at `place` of the asker's node, until unpin
  exposed,   ///< pinned at `offset` of the answerer's arena, until unpin
  streamed,  ///< held until unpin, to be asked for by pull_more
  part,      ///< the answer to pull_more: `bytes` from `offset` on
  not_here,  ///< the answerer has no copy any more
  gone,      ///< it was freed; a text follows
  broken,    ///< the disk failed; a text follows
};
struct PulledMessage {
  Header header;
  std::uint64_t ticket = 0;
  Location place;
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;  ///< that follow
  PulledKind kind = PulledKind::bytes;
};

/// pull_more; unpin (without a range)
struct PullMoreMessage {
  Header header;
  std::uint64_t ticket = 0;
  std::uint64_t from = 0;
  std::uint64_t bytes = 0;
};

/// ask_counters, counters
struct CountersMessage {
  Header header;
  std::uint64_t ticket = 0;
  StoreCounters counters;
};

/// make_room, made_room (bytes: given back; flags: it computes)
struct RoomMessage {
  Header header;
  std::uint64_t ticket = 0;
  std::uint64_t bytes = 0;
  std::uint64_t pinned_bytes = 0;
  std::uint64_t movable_bytes = 0;
};

constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 7) & ~std::size_t{7};
}

/// For what a reader finds that no sender writes. The job ends with the sentence.
[[noreturn]] inline void throw_damaged(const char* what) {
  throw Error(std::string("rankine: a damaged message arrived: ") + what);
}

/// Writes records into a message whose size was computed before.
class MessageWriter {
 public:
  explicit MessageWriter(std::span<std::byte> into) : at_(into.data()), end_(into.data() + into.size()) {}

  template <class T>
  void record(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(room(padded(sizeof value)), &value, sizeof value);
  }
  void bytes(const void* from, std::size_t count) {
    std::byte* to = room(padded(count));
    if (count > 0) std::memcpy(to, from, count);
  }
  /// `count` bytes to be filled by the caller.
  std::byte* room(std::size_t count) {
    std::byte* here = at_;
    at_ += count;
    if (at_ > end_) throw Error("rankine: internal: a message was written beyond its size");
    return here;
  }

 private:
  std::byte* at_;
  std::byte* end_;
};

/// Reads what MessageWriter wrote; throws Error on a truncated message.
class MessageReader {
 public:
  explicit MessageReader(std::span<const std::byte> from)
      : at_(from.data()), end_(from.data() + from.size()) {}

  template <class T>
  T record() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, take(padded(sizeof value)), sizeof value);
    return value;
  }
  const std::byte* bytes(std::size_t count) { return take(padded(count)); }

 private:
  const std::byte* take(std::size_t count) {
    if (count > static_cast<std::size_t>(end_ - at_)) throw Error("rankine: a truncated message arrived");
    const std::byte* here = at_;
    at_ += count;
    return here;
  }
  const std::byte* at_;
  const std::byte* end_;
};

}  // namespace rankine::runtime
