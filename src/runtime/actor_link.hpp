// SPDX-License-Identifier: Apache-2.0
// What a rank that calls an actor keeps: where the actor lives, and the calls that are not answered, or not
// covered by a checkpoint yet, in the order in which they were made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rankine/core/ids.hpp>

#include "runtime/actor_messages.hpp"
#include "runtime/blob.hpp"
#include "runtime/entry.hpp"
#include "runtime/failure.hpp"

namespace rankine::runtime {

struct MadeCall {
  static constexpr std::uint32_t kNone = 0;

  Entry* result = nullptr;  ///< counted; nullptr: answered
  ActorLink* link = nullptr;
  std::uint32_t previous = kNone;
  std::uint32_t next = kNone;
  std::uint32_t life = 0;  ///< of this record, so that late replies to a former use are known as such
  std::int32_t resends = 0;
  bool sent = false;
  bool resent = false;
  bool covered = false;       ///< a checkpoint holds its effect
  std::uint16_t attempt = 0;  ///< of the actor that it was sent to
  Rank to = kNoRank;          ///< where it was sent
  FunctionId method{};
  TaskId caller{};
  std::uint64_t sequence = 0;
  TaskKey key{};
  std::uint64_t position = 0;
  Blob* arguments = nullptr;
  std::vector<ObjectId> chain;
  std::vector<ObjectId> dependencies;
  std::vector<ObjectId> refs;  ///< dependencies and what lies inside the arguments
  std::vector<Entry*> held;    ///< the groups of `refs`, while it may be sent (again)
};

class ActorLink {
 public:
  enum class State : std::uint8_t { unknown, alive, away, dead };

  Entry* actor = nullptr;
  State state = State::unknown;
  ActorTraits traits;
  Rank rank = kNoRank;
  std::uint16_t attempt = 0;
  std::uint64_t positions = 0;
  std::uint32_t first = MadeCall::kNone;
  std::uint32_t last = MadeCall::kNone;
  std::vector<std::byte> death;  ///< packed failure, when dead
  std::size_t slot = 0;          ///< among the links of this rank
};

}  // namespace rankine::runtime
