// SPDX-License-Identifier: Apache-2.0
// One blocking call of MPI in its non-blocking form, that a broken gang ends.
//
// MPI works on copies: when the call is left by GangBroken, the operation may be under way for ever, and the
// caller's buffers are gone. Collectives cannot be cancelled and a send that was announced is read later; so
// what is abandoned keeps its copy (it is never freed), and the communicator is not freed either.
#pragma once

#include <array>
#include <cstddef>

#include <mpi.h>

#include "runtime/gang_break.hpp"

namespace rankine::runtime {

/// A token to the group's first member and back: all are there. By messages outside of the gang's own
/// communicator, which a broken gang's members can leave. Throws GangBroken.
int meet(Breakable& member, MPI_Group group);

class Operation {
 public:
  /// Throws GangBroken if the gang is broken already: nothing new is begun then.
  explicit Operation(Breakable& member) : member_(member) { member.check(); }
  ~Operation();
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// Buffers for MPI in place of the caller's: what it reads, writes, or both (also what it leaves gaps in).
  const void* read(const void* from, MPI_Aint count, MPI_Datatype type);
  void* write(void* to, MPI_Aint count, MPI_Datatype type);
  void* both(void* to, MPI_Aint count, MPI_Datatype type);

  MPI_Request* request() { return &requests_[used_++]; }

  /// Waits for what was started with code `started`; hands on its error. `received`: of a receive, for which
  /// only what came is copied back. Throws GangBroken.
  int finish(int started, MPI_Status* received = MPI_STATUS_IGNORE);
  /// For operations that MPI can take back when nobody met them: receives.
  void cancellable() { cancellable_ = true; }

 private:
  struct Region {
    BouncePool::Lent lent;
    std::byte* user = nullptr;  ///< nullptr: nothing is copied back
    std::size_t bytes = 0;
  };
  struct Span {
    MPI_Aint begin = 0;
    std::size_t bytes = 0;  ///< 0: is not copied
  };
  static Span span_of(MPI_Aint count, MPI_Datatype type);
  void* lend(const void* user, const Span& span, bool in, bool out);
  void copy_back(MPI_Aint bytes_max);
  [[noreturn]] void abandon();

  Breakable& member_;
  std::array<Region, 2> regions_;
  std::size_t lent_ = 0;
  std::array<MPI_Request, 2> requests_{MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  std::size_t used_ = 0;
  bool cancellable_ = false;
};

}  // namespace rankine::runtime
