// SPDX-License-Identifier: Apache-2.0
// MPI's calls as the members of a gang make them, each with what it must give. All members call a function
// together; it returns how many results were wrong on this one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include <mpi.h>

namespace gang_calls {

struct Members {
  explicit Members(MPI_Comm of) : comm(of) {
    MPI_Comm_size(comm, &n);
    MPI_Comm_rank(comm, &me);
    ranks.resize(static_cast<std::size_t>(n));
    std::iota(ranks.begin(), ranks.end(), 0);
    ones.assign(ranks.size(), 1);
    mine.assign(ranks.size(), me);
  }

  MPI_Comm comm;
  int n = 0;
  int me = 0;
  std::vector<int> ranks;  ///< 0, 1, ...: what all have of all, and where it lies
  std::vector<int> ones;   ///< a number from each
  std::vector<int> mine;   ///< me, for each
};

inline long gathers(const Members& of) {
  long wrong = 0;
  std::vector<int> all(of.ranks.size(), -1);
  const auto look = [&](bool here) {
    wrong += here && all != of.ranks ? 1 : 0;
    std::fill(all.begin(), all.end(), -1);
  };
  MPI_Barrier(of.comm);
  MPI_Allgather(&of.me, 1, MPI_INT, all.data(), 1, MPI_INT, of.comm);
  look(true);
  MPI_Allgatherv(&of.me, 1, MPI_INT, all.data(), of.ones.data(), of.ranks.data(), MPI_INT, of.comm);
  look(true);
  MPI_Gather(&of.me, 1, MPI_INT, all.data(), 1, MPI_INT, of.n - 1, of.comm);
  look(of.me == of.n - 1);
  MPI_Gatherv(&of.me, 1, MPI_INT, all.data(), of.ones.data(), of.ranks.data(), MPI_INT, 0, of.comm);
  look(of.me == 0);
  MPI_Alltoall(of.mine.data(), 1, MPI_INT, all.data(), 1, MPI_INT, of.comm);
  look(true);
  MPI_Alltoallv(of.mine.data(), of.ones.data(), of.ranks.data(), MPI_INT, all.data(), of.ones.data(),
                of.ranks.data(), MPI_INT, of.comm);
  look(true);
  return wrong;
}

inline long scatters(const Members& of) {
  long wrong = 0;
  int one = -1;
  MPI_Scatter(of.ranks.data(), 1, MPI_INT, &one, 1, MPI_INT, 0, of.comm);
  wrong += one != of.me;
  one = -1;
  MPI_Scatterv(of.ranks.data(), of.ones.data(), of.ranks.data(), MPI_INT, &one, 1, MPI_INT, 0, of.comm);
  wrong += one != of.me;
  one = of.me;
  MPI_Bcast(&one, 1, MPI_INT, of.n - 1, of.comm);
  wrong += one != of.n - 1;
  return wrong;
}

inline long reductions(const Members& of) {
  long wrong = 0;
  int sum = 0;
  MPI_Scan(&of.me, &sum, 1, MPI_INT, MPI_SUM, of.comm);
  wrong += sum != of.me * (of.me + 1) / 2;
  sum = 0;
  MPI_Exscan(&of.me, &sum, 1, MPI_INT, MPI_SUM, of.comm);
  wrong += sum != of.me * (of.me - 1) / 2;
  int one = -1;
  MPI_Reduce_scatter(of.ranks.data(), &one, of.ones.data(), MPI_INT, MPI_SUM, of.comm);
  wrong += one != of.me * of.n;
  one = -1;
  MPI_Reduce_scatter_block(of.ranks.data(), &one, 1, MPI_INT, MPI_SUM, of.comm);
  wrong += one != of.me * of.n;
  sum = -1;
  MPI_Reduce(&of.me, &sum, 1, MPI_INT, MPI_SUM, of.n - 1, of.comm);
  if (of.me == of.n - 1) wrong += sum != of.n * (of.n - 1) / 2;
  one = of.me;
  MPI_Allreduce(MPI_IN_PLACE, &one, 1, MPI_INT, MPI_MAX, of.comm);
  wrong += one != of.n - 1;
  return wrong;
}

/// Halves with communicators split off, and a group of all.
inline long groups(const Members& of) {
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm again = MPI_COMM_NULL;
  MPI_Comm_split(of.comm, of.me % 2, of.me, &half);
  MPI_Comm_dup(half, &again);
  int sum = 0;
  MPI_Allreduce(&of.me, &sum, 1, MPI_INT, MPI_SUM, again);
  for (int i = of.me % 2; i < of.n; i += 2) sum -= i;
  MPI_Comm_free(&again);
  MPI_Comm_free(&half);
  MPI_Group group = MPI_GROUP_NULL;
  MPI_Comm_group(of.comm, &group);
  MPI_Comm_create_group(of.comm, group, 7, &again);
  MPI_Barrier(again);
  MPI_Comm_free(&again);
  MPI_Group_free(&group);
  return sum != 0 ? 1 : 0;
}

/// A number goes around the ring, by one call and by requests.
inline long neighbours(const Members& of) {
  const int next = (of.me + 1) % of.n;
  const int before = (of.me + of.n - 1) % of.n;
  int one = -1;
  MPI_Status status;
  MPI_Sendrecv(&of.me, 1, MPI_INT, next, 3, &one, 1, MPI_INT, before, 3, of.comm, &status);
  long wrong = one != before || status.MPI_SOURCE != before || status.MPI_TAG != 3 ? 1 : 0;
  one = -1;
  MPI_Request requests[2];
  MPI_Irecv(&one, 1, MPI_INT, before, 4, of.comm, &requests[0]);
  MPI_Isend(&of.me, 1, MPI_INT, next, 4, of.comm, &requests[1]);
  MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
  wrong += one != before;
  return wrong;
}

}  // namespace gang_calls
