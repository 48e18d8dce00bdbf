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
  std::uint64_t bytes : 63 = 0;   ///< of the value
  std::uint64_t located : 1 = 0;  ///< a Location, a number of ids and those follow, else the bytes themselves

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
    return {reinterpret_cast<const ObjectId*>(body() + kBeforeIds), ids()};
  }
  /// Header and body.
  std::size_t memory_bytes() const {
    return sizeof(Blob) + (located ? kBeforeIds + sizeof(ObjectId) * ids() : bytes);
  }
  static void drop(Blob* blob) { std::free(blob); }

  static constexpr std::size_t kBeforeIds = sizeof(Location) + sizeof(std::uint64_t);

 private:
  std::uint64_t ids() const {
    std::uint64_t count;
    std::memcpy(&count, body() + sizeof(Location), sizeof count);
    return count;
  }
};
static_assert(sizeof(Blob) == 8 && sizeof(Location) % 8 == 0, "ids are read in place");

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
