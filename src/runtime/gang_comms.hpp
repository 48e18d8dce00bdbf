// SPDX-License-Identifier: Apache-2.0
// Communicators of gangs. Each gang gets a new one: a cached one could hold messages that an earlier gang
// sent and nobody received. One that is left after a break is never freed, because operations on it may
// still be under way and its number must not come back; Open MPI has 65,531.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include <mpi.h>

#include <rankine/core/ids.hpp>

namespace rankine::runtime {

/// Where a member is with its communicator.
enum class Creation : std::uint8_t {
  outside,
  inside,    ///< inside MPI, where nothing ends a wait for the others
  abandoned  ///< inside, and nobody waits for it any more: its thread goes no further
};

class GangComms {
 public:
  /// Collective over `all`, which is duplicated: creations of gangs meet nobody else's messages.
  explicit GangComms(MPI_Comm all);
  ~GangComms();
  GangComms(const GangComms&) = delete;
  GangComms& operator=(const GangComms&) = delete;

  /// Collective over the members, each on a thread where it may wait. `serial` tells gangs apart that are
  /// created at the same time. MPI's creation cannot be broken off; so the members meet before, which can,
  /// and only then go into it, all at once: `creation` says so. One that another member's death leaves
  /// inside stays there for ever; later creations pass it by. Throws GangBroken.
  MPI_Comm create(std::span<const Rank> members, std::uint32_t serial, std::atomic<Creation>& creation);
  /// All members have returned. One that still holds a message is kept.
  void free(MPI_Comm comm);
  /// How many are left until there are no more.
  std::int64_t left() const { return kMost - in_use_; }

  MPI_Comm all() const { return all_; }
  /// For messages before a gang's own communicator: equal for all members, different for gangs of one time.
  /// They go down: of several creations on a rank Open MPI lets the one with the lowest tag go on, and none
  /// may wait for an earlier one that never ends.
  int tag(std::uint32_t serial) const { return static_cast<int>(tags_ - 1 - serial % tags_); }

 private:
  static constexpr std::int64_t kMost = 60'000;

  MPI_Comm all_ = MPI_COMM_NULL;
  MPI_Group group_ = MPI_GROUP_NULL;
  std::uint32_t tags_ = 1;
  std::atomic<std::int64_t> in_use_{0};
};

}  // namespace rankine::runtime
