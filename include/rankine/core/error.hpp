// SPDX-License-Identifier: Apache-2.0
// What Rankine throws. Policy: expected outcomes are values; a user's failure travels as data and is rethrown
// as TaskError at the caller; broken invariants abort the job (check.hpp); every MPI, CUDA, HDF5 and system
// call is checked and named in the text.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <rankine/core/ids.hpp>

namespace rankine {

/// Root of all errors that Rankine itself throws. The text names the thing and the remedy.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A wrong option, file or value given by the user.
class InputError : public Error {
 public:
  using Error::Error;
};

/// An operating system, MPI or HDF5 call failed; the text names the call and its arguments.
class SystemError : public Error {
 public:
  using Error::Error;
};

/// Memory of the object store, a ring or /dev/shm is used up; the text names the sizes.
class StoreFull : public Error {
 public:
  using Error::Error;
};

/// The task was cancelled before it ended.
class TaskCancelled : public Error {
 public:
  using Error::Error;
};

/// An attempt of the task took longer than its timeout.
class TaskTimedOut : public Error {
 public:
  using Error::Error;
};

/// No rank can ever satisfy the resources that the task asked for.
class Unsatisfiable : public Error {
 public:
  using Error::Error;
};

/// The only copy of an object is gone and nothing can make it again.
class ObjectLost : public Error {
 public:
  using Error::Error;
};

/// The run is draining and its time is over: what the driver waits for will not come in this run. Thrown by
/// the driver's waits. A driver may catch it to put its own things in order; Runtime::run takes it for a good
/// end.
class Drained : public Error {
 public:
  using Error::Error;
};

/// The rank that ran the task died, and no retry is left.
class WorkerDied : public Error {
 public:
  using Error::Error;
};

/// The gang of the calling thread is broken: a member was lost or threw, or it was cancelled or is over its
/// time. Thrown out of blocking MPI calls; a member that gets it cleans up and leaves.
class GangBroken : public Error {
 public:
  using Error::Error;
};

/// The actor is dead for good: killed, its constructor threw, or its rank died and no restart is left. The
/// text names it and says why.
class ActorDied : public Error {
 public:
  using Error::Error;
};

/// The actor lives again, but the call was sent to its former life and is not sent again (max_task_retries).
class ActorRestarted : public Error {
 public:
  using Error::Error;
};

/// A user's function threw. what() holds everything; the parts are there for programs.
class TaskError : public Error {
 public:
  struct Parts {
    std::string type;      ///< demangled type of the exception, e.g. "std::out_of_range"
    std::string text;      ///< its what()
    std::string function;  ///< name of the task
    std::string host;
    std::int32_t rank = -1;
    std::int32_t attempt = 0;  ///< 1 for the first try
  };
  explicit TaskError(Parts parts)
      : Error(parts.type + ": " + parts.text + " [in task " + parts.function + ", rank " +
              std::to_string(parts.rank) + " on " + parts.host + ", attempt " +
              std::to_string(parts.attempt) + "]"),
        parts_(std::move(parts)) {}
  const Parts& parts() const { return parts_; }

 private:
  Parts parts_;
};

}  // namespace rankine
