// SPDX-License-Identifier: Apache-2.0
// The messages between head and ranks, byte for byte. All start with a Header; records are trivially copyable
// and 8-byte aligned. Both sides run the same binary on the same architecture (checked at start by the
// function table's hash).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <rankine/core/error.hpp>
#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

#include "scheduler/types.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

enum class MessageType : std::uint8_t {
  // head -> rank
  dependency,  ///< the value of a future argument of the next `start`
  start,
  recall,
  interrupt,
  deliver,
  free_block,
  shutdown,
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
  goodbye,
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
};  // then a Body with the packed arguments

/// recall, interrupt (flags: force), started, blocked, unblocked, recalled, cancel (flags: force), held,
/// released, wanted
struct NoteMessage {
  Header header;  ///< count: elements
  ObjectId first{};
  std::uint64_t attempt = 0;
};

struct DeliverMessage {
  Header header;  ///< count: Bodies that follow
  ObjectId first{};
};

struct FreeBlockMessage {
  Header header;
  Location location;
};

struct SubmitMessage {
  Header header;  ///< count: elements; flags: range
  TaskId first{};
  TaskId parent{};
  TaskKey key{};
  std::uint32_t function = 0;
  std::uint32_t options_bytes = 0;  ///< packed Options, padded to 8; 0: the defaults
  std::uint32_t dependencies = 0;   ///< ids
  std::uint32_t padding = 0;
};  // then options, dependencies, Body

struct PutMessage {
  Header header;
  ObjectId object{};
};  // then Body

struct FinishedMessage {
  Header header;  ///< count: Bodies that follow
  TaskId first{};
  std::uint64_t attempt = 0;
  Nanoseconds busy = 0;
};
using InsideRecord = scheduler::Inside;

constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 7) & ~std::size_t{7};
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
