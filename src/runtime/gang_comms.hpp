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

class GangComms {
 public:
  /// Collective over `all`, which is duplicated: creations of gangs meet nobody else's messages.
  explicit GangComms(MPI_Comm all);
  ~GangComms();
  GangComms(const GangComms&) = delete;
  GangComms& operator=(const GangComms&) = delete;

  /// Collective over the members, each on a thread where it may wait. `serial` tells gangs apart that are
  /// created at the same time. MPI's creation cannot be broken off; so the members meet before, which can,
  /// and only then go into it, all at once: `creating` is true meanwhile. Throws GangBroken.
  MPI_Comm create(std::span<const Rank> members, std::uint32_t serial, std::atomic<bool>& creating);
  /// All members have returned. One that still holds a message is kept.
  void free(MPI_Comm comm);
  /// How many are left until there are no more.
  std::int64_t left() const { return kMost - in_use_; }

  MPI_Comm all() const { return all_; }
  /// For messages before a gang's own communicator: equal for all members, different for gangs of one time.
  int tag(std::uint32_t serial) const { return static_cast<int>(serial % tags_); }

 private:
  static constexpr std::int64_t kMost = 60'000;

  MPI_Comm all_ = MPI_COMM_NULL;
  MPI_Group group_ = MPI_GROUP_NULL;
  std::uint32_t tags_ = 1;
  std::atomic<std::int64_t> in_use_{0};
};

}  // namespace rankine::runtime
