// SPDX-License-Identifier: Apache-2.0
// MPI's blocking calls, defined over those of the library (its profiling interface): on the thread of a
// gang's member they end by GangBroken when the gang breaks; on every other thread they pass straight on, at
// the price of one look at a thread-local. Boost.MPI's calls come through here too.
#include <algorithm>
#include <vector>

#include "runtime/gang_comms.hpp"
#include "runtime/gang_operation.hpp"

using rankine::runtime::breakable;
using rankine::runtime::Breakable;
using rankine::runtime::Operation;
using rankine::runtime::Patience;

namespace {

int size_of(MPI_Comm comm) {
  int size = 0;
  PMPI_Comm_size(comm, &size);
  return size;
}

bool is_root(int root, MPI_Comm comm) {
  int rank = 0;
  PMPI_Comm_rank(comm, &rank);
  return rank == root;
}

/// Elements from the buffer's begin to the end of what the blocks cover.
MPI_Aint covered(const int* counts, const int* displacements, int blocks) {
  MPI_Aint end = 0;
  for (int i = 0; i < blocks; ++i) end = std::max(end, MPI_Aint{displacements[i]} + MPI_Aint{counts[i]});
  return end;
}

MPI_Aint sum(const int* counts, int blocks) {
  MPI_Aint all = 0;
  for (int i = 0; i < blocks; ++i) all += counts[i];
  return all;
}

/// Until `look` says that it is so; throws GangBroken.
template <class Look>
int look_until(Breakable& member, Look&& look) {
  member.check();
  Patience patience(member.awake);
  for (;;) {
    int done = 0;
    const int code = look(&done);
    if (code != MPI_SUCCESS || done != 0) return code;
    member.check();
    patience.pause();
  }
}

/// The same for requests of the program; those that are still open are taken back, where MPI can.
template <class Look>
int wait_for(Breakable& member, int count, MPI_Request* requests, Look&& look) {
  try {
    return look_until(member, look);
  } catch (...) {
    for (int i = 0; i < count; ++i) {
      if (requests[i] == MPI_REQUEST_NULL) continue;
      int done = 0;
      PMPI_Cancel(&requests[i]);
      PMPI_Test(&requests[i], &done, MPI_STATUS_IGNORE);
    }
    throw;
  }
}

}  // namespace

int rankine::runtime::meet(Breakable& member, MPI_Group group) {
  int size = 0;
  int rank = 0;
  PMPI_Group_size(group, &size);
  PMPI_Group_rank(group, &rank);
  if (rank == MPI_UNDEFINED) return MPI_SUCCESS;
  MPI_Group world = MPI_GROUP_NULL;
  PMPI_Comm_group(member.comms->all(), &world);
  std::vector<int> ranks(static_cast<std::size_t>(size));
  std::vector<int> in_world(ranks.size());
  for (int i = 0; i < size; ++i) ranks[static_cast<std::size_t>(i)] = i;
  int code = PMPI_Group_translate_ranks(group, size, ranks.data(), world, in_world.data());
  PMPI_Group_free(&world);
  const MPI_Comm all = member.comms->all();
  const auto to = [&](int r) { return MPI_Send(nullptr, 0, MPI_BYTE, r, member.tag, all); };
  const auto from = [&](int r) {
    return MPI_Recv(nullptr, 0, MPI_BYTE, r, member.tag, all, MPI_STATUS_IGNORE);
  };
  // Here I am - all are here - and I still am: who died while it waited for the others is missed in time.
  if (rank != 0) {
    if (code == MPI_SUCCESS) code = to(in_world[0]);
    if (code == MPI_SUCCESS) code = from(in_world[0]);
    return code == MPI_SUCCESS ? to(in_world[0]) : code;
  }
  for (std::size_t i = 1; i < ranks.size() && code == MPI_SUCCESS; ++i) code = from(in_world[i]);
  for (std::size_t i = 1; i < ranks.size() && code == MPI_SUCCESS; ++i) code = to(in_world[i]);
  for (std::size_t i = 1; i < ranks.size() && code == MPI_SUCCESS; ++i) code = from(in_world[i]);
  return code;
}

extern "C" {

// ---- collectives ----

int MPI_Barrier(MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Barrier(comm);
  Operation o(*member);
  return o.finish(PMPI_Ibarrier(comm, o.request()));
}

int MPI_Bcast(void* buffer, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Bcast(buffer, count, type, root, comm);
  Operation o(*member);
  void* lent =
      is_root(root, comm) ? const_cast<void*>(o.read(buffer, count, type)) : o.write(buffer, count, type);
  return o.finish(PMPI_Ibcast(lent, count, type, root, comm, o.request()));
}

int MPI_Reduce(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Reduce(from, to, count, type, op, root, comm);
  Operation o(*member);
  void* result = to;
  if (is_root(root, comm)) {
    result = from == MPI_IN_PLACE ? o.both(to, count, type) : o.write(to, count, type);
  }
  return o.finish(PMPI_Ireduce(o.read(from, count, type), result, count, type, op, root, comm, o.request()));
}

int MPI_Allreduce(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Allreduce(from, to, count, type, op, comm);
  Operation o(*member);
  void* result = from == MPI_IN_PLACE ? o.both(to, count, type) : o.write(to, count, type);
  return o.finish(PMPI_Iallreduce(o.read(from, count, type), result, count, type, op, comm, o.request()));
}

int MPI_Gather(const void* from, int from_count, MPI_Datatype from_type, void* to, int to_count,
               MPI_Datatype to_type, int root, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Gather(from, from_count, from_type, to, to_count, to_type, root, comm);
  Operation o(*member);
  void* result = to;
  if (is_root(root, comm)) result = o.both(to, MPI_Aint{to_count} * size_of(comm), to_type);
  return o.finish(PMPI_Igather(o.read(from, from_count, from_type), from_count, from_type, result, to_count,
                               to_type, root, comm, o.request()));
}

int MPI_Gatherv(const void* from, int from_count, MPI_Datatype from_type, void* to, const int* to_counts,
                const int* displacements, MPI_Datatype to_type, int root, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr)
    return PMPI_Gatherv(from, from_count, from_type, to, to_counts, displacements, to_type, root, comm);
  Operation o(*member);
  void* result = to;
  if (is_root(root, comm)) result = o.both(to, covered(to_counts, displacements, size_of(comm)), to_type);
  return o.finish(PMPI_Igatherv(o.read(from, from_count, from_type), from_count, from_type, result, to_counts,
                                displacements, to_type, root, comm, o.request()));
}

int MPI_Scatter(const void* from, int from_count, MPI_Datatype from_type, void* to, int to_count,
                MPI_Datatype to_type, int root, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Scatter(from, from_count, from_type, to, to_count, to_type, root, comm);
  Operation o(*member);
  const void* source = from;
  if (is_root(root, comm)) source = o.read(from, MPI_Aint{from_count} * size_of(comm), from_type);
  void* result = o.write(to, to_count, to_type);
  return o.finish(
      PMPI_Iscatter(source, from_count, from_type, result, to_count, to_type, root, comm, o.request()));
}

int MPI_Scatterv(const void* from, const int* from_counts, const int* displacements, MPI_Datatype from_type,
                 void* to, int to_count, MPI_Datatype to_type, int root, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr)
    return PMPI_Scatterv(from, from_counts, displacements, from_type, to, to_count, to_type, root, comm);
  Operation o(*member);
  const void* source = from;
  if (is_root(root, comm))
    source = o.read(from, covered(from_counts, displacements, size_of(comm)), from_type);
  void* result = o.write(to, to_count, to_type);
  return o.finish(PMPI_Iscatterv(source, from_counts, displacements, from_type, result, to_count, to_type,
                                 root, comm, o.request()));
}

int MPI_Allgather(const void* from, int from_count, MPI_Datatype from_type, void* to, int to_count,
                  MPI_Datatype to_type, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Allgather(from, from_count, from_type, to, to_count, to_type, comm);
  Operation o(*member);
  void* result = o.both(to, MPI_Aint{to_count} * size_of(comm), to_type);
  return o.finish(PMPI_Iallgather(o.read(from, from_count, from_type), from_count, from_type, result,
                                  to_count, to_type, comm, o.request()));
}

int MPI_Allgatherv(const void* from, int from_count, MPI_Datatype from_type, void* to, const int* to_counts,
                   const int* displacements, MPI_Datatype to_type, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr)
    return PMPI_Allgatherv(from, from_count, from_type, to, to_counts, displacements, to_type, comm);
  Operation o(*member);
  void* result = o.both(to, covered(to_counts, displacements, size_of(comm)), to_type);
  return o.finish(PMPI_Iallgatherv(o.read(from, from_count, from_type), from_count, from_type, result,
                                   to_counts, displacements, to_type, comm, o.request()));
}

int MPI_Alltoall(const void* from, int from_count, MPI_Datatype from_type, void* to, int to_count,
                 MPI_Datatype to_type, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Alltoall(from, from_count, from_type, to, to_count, to_type, comm);
  Operation o(*member);
  const int size = size_of(comm);
  void* result = o.both(to, MPI_Aint{to_count} * size, to_type);
  return o.finish(PMPI_Ialltoall(o.read(from, MPI_Aint{from_count} * size, from_type), from_count, from_type,
                                 result, to_count, to_type, comm, o.request()));
}

int MPI_Alltoallv(const void* from, const int* from_counts, const int* from_displacements,
                  MPI_Datatype from_type, void* to, const int* to_counts, const int* to_displacements,
                  MPI_Datatype to_type, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr)
    return PMPI_Alltoallv(from, from_counts, from_displacements, from_type, to, to_counts, to_displacements,
                          to_type, comm);
  Operation o(*member);
  const int size = size_of(comm);
  void* result = o.both(to, covered(to_counts, to_displacements, size), to_type);
  const void* source = from;
  if (from != MPI_IN_PLACE) source = o.read(from, covered(from_counts, from_displacements, size), from_type);
  return o.finish(PMPI_Ialltoallv(source, from_counts, from_displacements, from_type, result, to_counts,
                                  to_displacements, to_type, comm, o.request()));
}

int MPI_Scan(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Scan(from, to, count, type, op, comm);
  Operation o(*member);
  void* result = o.both(to, count, type);
  return o.finish(PMPI_Iscan(o.read(from, count, type), result, count, type, op, comm, o.request()));
}

int MPI_Exscan(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Exscan(from, to, count, type, op, comm);
  Operation o(*member);
  void* result = o.both(to, count, type);  // what the first member has there stays
  return o.finish(PMPI_Iexscan(o.read(from, count, type), result, count, type, op, comm, o.request()));
}

int MPI_Reduce_scatter(const void* from, void* to, const int* counts, MPI_Datatype type, MPI_Op op,
                       MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Reduce_scatter(from, to, counts, type, op, comm);
  Operation o(*member);
  const MPI_Aint all = sum(counts, size_of(comm));
  int rank = 0;
  PMPI_Comm_rank(comm, &rank);
  void* result = o.both(to, from == MPI_IN_PLACE ? all : MPI_Aint{counts[rank]}, type);
  return o.finish(PMPI_Ireduce_scatter(o.read(from, all, type), result, counts, type, op, comm, o.request()));
}

int MPI_Reduce_scatter_block(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op,
                             MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Reduce_scatter_block(from, to, count, type, op, comm);
  Operation o(*member);
  const MPI_Aint all = MPI_Aint{count} * size_of(comm);
  void* result = o.both(to, from == MPI_IN_PLACE ? all : MPI_Aint{count}, type);
  return o.finish(
      PMPI_Ireduce_scatter_block(o.read(from, all, type), result, count, type, op, comm, o.request()));
}

// ---- messages ----

int MPI_Send(const void* from, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Send(from, count, type, to, tag, comm);
  Operation o(*member);
  return o.finish(PMPI_Isend(o.read(from, count, type), count, type, to, tag, comm, o.request()));
}

int MPI_Ssend(const void* from, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Ssend(from, count, type, to, tag, comm);
  Operation o(*member);
  return o.finish(PMPI_Issend(o.read(from, count, type), count, type, to, tag, comm, o.request()));
}

int MPI_Recv(void* to, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status* status) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Recv(to, count, type, from, tag, comm, status);
  Operation o(*member);
  o.cancellable();
  void* result = o.write(to, count, type);
  return o.finish(PMPI_Irecv(result, count, type, from, tag, comm, o.request()), status);
}

int MPI_Mrecv(void* to, int count, MPI_Datatype type, MPI_Message* message, MPI_Status* status) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Mrecv(to, count, type, message, status);
  Operation o(*member);
  o.cancellable();
  void* result = o.write(to, count, type);
  return o.finish(PMPI_Imrecv(result, count, type, message, o.request()), status);
}

int MPI_Sendrecv(const void* out, int out_count, MPI_Datatype out_type, int to, int out_tag, void* in,
                 int in_count, MPI_Datatype in_type, int from, int in_tag, MPI_Comm comm,
                 MPI_Status* status) {
  Breakable* member = breakable();
  if (member == nullptr)
    return PMPI_Sendrecv(out, out_count, out_type, to, out_tag, in, in_count, in_type, from, in_tag, comm,
                         status);
  Operation o(*member);
  o.cancellable();
  void* result = o.write(in, in_count, in_type);
  const int code = PMPI_Irecv(result, in_count, in_type, from, in_tag, comm, o.request());
  if (code != MPI_SUCCESS) return code;
  return o.finish(
      PMPI_Isend(o.read(out, out_count, out_type), out_count, out_type, to, out_tag, comm, o.request()),
      status);
}

int MPI_Probe(int from, int tag, MPI_Comm comm, MPI_Status* status) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Probe(from, tag, comm, status);
  return look_until(*member, [&](int* done) { return PMPI_Iprobe(from, tag, comm, done, status); });
}

int MPI_Mprobe(int from, int tag, MPI_Comm comm, MPI_Message* message, MPI_Status* status) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Mprobe(from, tag, comm, message, status);
  return look_until(*member, [&](int* done) { return PMPI_Improbe(from, tag, comm, done, message, status); });
}

// ---- requests that the program started ----

int MPI_Wait(MPI_Request* request, MPI_Status* status) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Wait(request, status);
  return wait_for(*member, 1, request, [&](int* done) { return PMPI_Test(request, done, status); });
}

int MPI_Waitall(int count, MPI_Request* requests, MPI_Status* statuses) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Waitall(count, requests, statuses);
  return wait_for(*member, count, requests,
                  [&](int* done) { return PMPI_Testall(count, requests, done, statuses); });
}

int MPI_Waitany(int count, MPI_Request* requests, int* which, MPI_Status* status) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Waitany(count, requests, which, status);
  return wait_for(*member, count, requests,
                  [&](int* done) { return PMPI_Testany(count, requests, which, done, status); });
}

int MPI_Waitsome(int count, MPI_Request* requests, int* ended, int* which, MPI_Status* statuses) {
  Breakable* member = breakable();
  if (member == nullptr) return PMPI_Waitsome(count, requests, ended, which, statuses);
  return wait_for(*member, count, requests, [&](int* done) {
    const int code = PMPI_Testsome(count, requests, ended, which, statuses);
    *done = *ended != 0;  // also MPI_UNDEFINED: there is nothing to wait for
    return code;
  });
}

// ---- communicators ----
// These have no form that can be left. All members meet first, breakably; after that only the death of a
// member within the call itself can hold the others.

int MPI_Comm_dup(MPI_Comm comm, MPI_Comm* made) {
  Breakable* member = breakable();
  if (member != nullptr) {
    const int code = MPI_Barrier(comm);
    if (code != MPI_SUCCESS) return code;
  }
  return PMPI_Comm_dup(comm, made);
}

int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm* made) {
  Breakable* member = breakable();
  if (member != nullptr) {
    const int code = MPI_Barrier(comm);
    if (code != MPI_SUCCESS) return code;
  }
  return PMPI_Comm_split(comm, color, key, made);
}

int MPI_Comm_create(MPI_Comm comm, MPI_Group group, MPI_Comm* made) {
  Breakable* member = breakable();
  if (member != nullptr) {
    const int code = MPI_Barrier(comm);
    if (code != MPI_SUCCESS) return code;
  }
  return PMPI_Comm_create(comm, group, made);
}

int MPI_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm* made) {
  Breakable* member = breakable();
  if (member != nullptr) {
    const int code = rankine::runtime::meet(*member, group);
    if (code != MPI_SUCCESS) return code;
  }
  return PMPI_Comm_create_group(comm, group, tag, made);
}

}  // extern "C"
