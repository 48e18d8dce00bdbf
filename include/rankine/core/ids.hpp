// SPDX-License-Identifier: Apache-2.0
// The names of things: distinct types for ranks, nodes, tasks, objects, functions. Plain values, no
// behaviour.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>

#include <rankine/core/hash.hpp>

namespace rankine {

/// One MPI process, 0 .. size-1. Rank 0 is the head.
enum class Rank : std::int32_t {};
inline constexpr Rank kHead{0};
inline constexpr Rank kNoRank{-1};
constexpr std::int32_t index(Rank rank) {
  return static_cast<std::int32_t>(rank);
}

/// One machine (the ranks that share memory), numbered 0 .. in order of its lowest rank.
enum class NodeId : std::int32_t {};
inline constexpr NodeId kNoNode{-1};
constexpr std::int32_t index(NodeId node) {
  return static_cast<std::int32_t>(node);
}

/// Which life of a rank a message comes from; a message of another life is stale.
enum class Incarnation : std::uint16_t {};

/// Position of a function in the sorted table of registered functions, equal on all ranks.
enum class FunctionId : std::uint32_t {};

/// Interned options of a task (resources, priority, retries ...): equal options have equal ids.
enum class ClassId : std::uint32_t {};

/// What a task's random numbers and its journal record are keyed by: the user's key, else
/// derive(parent's key, n-th submission of that parent). Never depends on the attempt or the rank.
enum class TaskKey : std::uint64_t {};

/// One immutable value that exists or will: the result of a task, or something put. A task and its result
/// share one number, so TaskId is the same type. The submitter makes the id without asking anybody:
/// submissions of the driver count 1, 2, 3 ...; those of a task are derived from (its id, n), top bit set, so
/// that a retried parent names its children as before. A range of n ids is first .. first+n-1.
enum class ObjectId : std::uint64_t {};
using TaskId = ObjectId;
inline constexpr ObjectId kNoObject{0};
inline constexpr TaskId kDriver{0};  ///< The driver counts as a task: the parent of what it submits.

constexpr std::uint64_t number(ObjectId id) {
  return static_cast<std::uint64_t>(id);
}
constexpr ObjectId offset(ObjectId first, std::uint64_t i) {
  return ObjectId{number(first) + i};
}

inline constexpr std::uint64_t kDerivedBit = std::uint64_t{1} << 63;
constexpr bool is_derived(ObjectId id) {
  return (number(id) & kDerivedBit) != 0;
}

/// The id of the n-th thing (n counts from 1, a range counts as its length) that `parent` submits or puts.
constexpr ObjectId child_id(TaskId parent, std::uint64_t n) {
  if (parent == kDriver) return ObjectId{n};
  return ObjectId{hash_mix(number(parent), n) | kDerivedBit};
}

constexpr TaskKey child_key(TaskKey parent, std::uint64_t n) {
  return TaskKey{hash_mix(static_cast<std::uint64_t>(parent) ^ 0x9e3779b97f4a7c15ull, n)};
}

}  // namespace rankine

template <>
struct std::hash<rankine::ObjectId> {
  std::size_t operator()(rankine::ObjectId id) const noexcept {
    return static_cast<std::size_t>(rankine::hash_mix(rankine::number(id), 0));
  }
};
