// SPDX-License-Identifier: Apache-2.0
// Everything the scheduler can ask of its shell, as a closed set of plain values. The shell carries them out
// in order, after handle() returned and before the next event.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "scheduler/types.hpp"

namespace rankine::scheduler {

/// Send this piece to the worker. Whether it may run at once the worker knows itself: see dispatch.cpp. Its
/// dependencies are sealed; their values are found by Scheduler::object().
struct Start {
  Rank worker{};
  TaskId first{};  ///< first element of the piece
  std::uint32_t count = 1;
  std::uint32_t element = 0;  ///< index of `first` within the submission
  bool range = false;
  std::uint16_t attempt = 1;  ///< 1 for the first try
  ClassId task_class{};
  TaskKey key{};            ///< of the submission
  Payload payload{};        ///< of the submission; stays valid until FreePayload
  std::uint8_t choice = 0;  ///< what it has: 0 the request, i alternatives[i - 1]
  bool awaited = false;     ///< other tasks wait for its end: the worker says so at once
  Ticket ticket{};          ///< to come back with all that is said of it
};

/// Ask the worker to give unstarted work back; it answers Recalled, or the piece finishes.
struct Recall {
  Rank worker{};
  TaskId first{};
  std::uint32_t count = 1;
  std::uint16_t attempt = 1;
};

/// The piece is cancelled or over its time: ask it to stop, or, with `force`, kill the rank (then WorkerLost
/// follows). `first` may also be an actor whose constructor is over its time, and, by force, a gang whose
/// member on this rank has not left in time after BreakGang.
struct Interrupt {
  Rank worker{};
  TaskId first{};
  std::uint32_t count = 1;
  std::uint16_t attempt = 1;
  bool force = false;
};

/// These objects ended (sealed or failed) and `rank` wants them: send what Scheduler::object() says.
struct Deliver {
  Rank rank{};
  ObjectId first{};
  std::uint32_t count = 1;
};

/// Nothing refers to these bytes any more.
struct FreeValue {
  Value value;
};
struct FreePayload {
  Payload payload{};
};

struct StartActor {
  Rank worker{};
  ObjectId actor{};
  std::uint16_t attempt = 1;
  ClassId task_class{};
  TaskKey key{};
  Payload payload{};
  Value checkpoint;         ///< payload kNoPayload: from the constructor
  std::uint8_t choice = 0;  ///< what it has: 0 the request, i alternatives[i - 1]
};
struct StopActor {
  Rank worker{};
  ObjectId actor{};
};

/// Member `member` of `size` shall get ready; after all are, RunGang goes to each. Who the others are is said
/// by Scheduler::gang_members(). With `all` the value of every member is kept, else that of member 0 only.
struct PrepareGang {
  Rank worker{};
  TaskId gang{};
  std::uint16_t attempt = 1;
  std::uint32_t member = 0;
  std::uint32_t size = 1;
  ClassId task_class{};
  TaskKey key{};
  Payload payload{};
  bool all = false;
  std::uint8_t choice = 0;  ///< what it has: 0 the request, i alternatives[i - 1]
};
struct RunGang {
  Rank worker{};
  TaskId gang{};
  std::uint16_t attempt = 1;
};
/// A member is lost or the gang was cancelled: leave.
struct BreakGang {
  Rank worker{};
  TaskId gang{};
  std::uint16_t attempt = 1;
};

/// Workers were lost, and none that is left could ever hold something that waits: let rank 0 execute, too
/// (WorkerJoined), now. Sent once, and only under Limits::reserve.
struct Enlist {};

/// Send Tick at this instant (replaces an earlier wish).
struct SetTimer {
  Time at;
};

using Command = std::variant<Start, Recall, Interrupt, Deliver, FreeValue, FreePayload, StartActor, StopActor,
                             PrepareGang, RunGang, BreakGang, Enlist, SetTimer>;
using Commands = std::vector<Command>;

}  // namespace rankine::scheduler
