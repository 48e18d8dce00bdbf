// SPDX-License-Identifier: Apache-2.0
#include "runtime/gang_comms.hpp"

#include <vector>

#include <unistd.h>

#include "runtime/gang_break.hpp"
#include "runtime/gang_operation.hpp"
#include "transport/mpi_error.hpp"

namespace rankine::runtime {

using transport::check_mpi;

namespace {
/// Looks at a communicator's messages: each takes what came by then from the network's queues.
constexpr int kLooks = 4;

/// What this thread stands for is long over, and what it would use may be gone.
[[noreturn]] void stay_for_ever() {
  for (;;) pause();
}
}  // namespace

GangComms::GangComms(MPI_Comm all) {
  check_mpi(MPI_Comm_dup(all, &all_), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(all_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_group(all_, &group_), "MPI_Comm_group");
  int* bound = nullptr;
  int found = 0;
  check_mpi(MPI_Comm_get_attr(all_, MPI_TAG_UB, &bound, &found), "MPI_Comm_get_attr");
  tags_ = found != 0 ? static_cast<std::uint32_t>(*bound) : 32767u;
}

GangComms::~GangComms() {
  MPI_Group_free(&group_);
  MPI_Comm_free(&all_);
}

MPI_Comm GangComms::create(std::span<const Rank> members, std::uint32_t serial,
                           std::atomic<Creation>& creation) {
  std::vector<int> ranks;
  ranks.reserve(members.size());
  for (const Rank member : members) ranks.push_back(index(member));
  MPI_Group group = MPI_GROUP_NULL;
  check_mpi(MPI_Group_incl(group_, static_cast<int>(ranks.size()), ranks.data(), &group), "MPI_Group_incl");
  struct Free {
    MPI_Group* group;
    ~Free() { MPI_Group_free(group); }
  } const free_group{&group};
  if (Breakable* member = breakable()) check_mpi(meet(*member, group), "MPI_Sendrecv");
  MPI_Comm comm = MPI_COMM_NULL;
  creation = Creation::inside;
  const int code = PMPI_Comm_create_group(all_, group, tag(serial), &comm);
  Creation was = Creation::inside;
  if (!creation.compare_exchange_strong(was, Creation::outside)) stay_for_ever();
  check_mpi(code, "MPI_Comm_create_group");
  ++in_use_;
  return comm;
}

void GangComms::free(MPI_Comm comm) {
  for (int i = 0; i < kLooks; ++i) {
    int came = 0;
    check_mpi(PMPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &came, MPI_STATUS_IGNORE), "MPI_Iprobe");
    if (came != 0) return;
  }
  check_mpi(MPI_Comm_free(&comm), "MPI_Comm_free");
  --in_use_;
}

}  // namespace rankine::runtime
