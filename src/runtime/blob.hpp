// SPDX-License-Identifier: Apache-2.0
// Bytes that a rank keeps: inline after a small header, or in a node's arena, where only the place is kept. A
// pointer to a Blob is what the scheduler knows as a Payload. They are made by a BlobPool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>

#include "scheduler/types.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

struct Blob {
  std::uint64_t bytes = 0;  ///< of the value
  bool located = false;     ///< a Location follows, else the bytes themselves
  std::uint32_t ids = 0;    ///< that follow the location

  std::byte* body() { return reinterpret_cast<std::byte*>(this + 1); }
  const std::byte* body() const { return reinterpret_cast<const std::byte*>(this + 1); }

  std::span<std::byte> inline_bytes() { return {body(), bytes}; }
  std::span<const std::byte> inline_bytes() const { return {body(), bytes}; }
  Location location() const {
    Location place;
    std::memcpy(&place, body(), sizeof place);
    return place;
  }

  /// Of a task's arguments: its future arguments. Of the value of a future argument: the object.
  std::span<const ObjectId> located_ids() const {
    return {reinterpret_cast<const ObjectId*>(body() + sizeof(Location)), ids};
  }
  /// Header and body.
  std::size_t memory_bytes() const {
    return sizeof(Blob) + (located ? sizeof(Location) + sizeof(ObjectId) * ids : bytes);
  }
  static void drop(Blob* blob) { std::free(blob); }
};
static_assert(sizeof(Blob) == 16);

inline scheduler::Payload as_payload(Blob* blob) {
  return scheduler::Payload{reinterpret_cast<std::uint64_t>(blob)};
}
inline Blob* as_blob(scheduler::Payload payload) {
  return reinterpret_cast<Blob*>(static_cast<std::uint64_t>(payload));
}
inline scheduler::Value as_value(Blob* blob) {
  return {as_payload(blob), blob->bytes, blob->located ? blob->location().node : kNoNode};
}

}  // namespace rankine::runtime
