// SPDX-License-Identifier: Apache-2.0
// The part of rankine doctor that ranks do together: which threads MPI grants, whether a window works, and
// how fast messages are between the first rank and the last.
#include <algorithm>
#include <cstring>
#include <vector>

#include <mpi.h>
#include <unistd.h>

#include "doctor_facts.hpp"

namespace apps {

namespace {

/// One way, in seconds: half of the fastest of some round trips' means.
double one_way(std::size_t bytes, int trips, int rank, int last) {
  std::vector<char> buffer(bytes);
  const int length = static_cast<int>(bytes);
  double best = 1e9;
  for (int round = 0; round < 4; ++round) {
    const double begun = MPI_Wtime();
    for (int i = 0; i < trips; ++i) {
      if (rank == 0) {
        MPI_Send(buffer.data(), length, MPI_CHAR, last, 0, MPI_COMM_WORLD);
        MPI_Recv(buffer.data(), length, MPI_CHAR, last, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      } else if (rank == last) {
        MPI_Recv(buffer.data(), length, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Send(buffer.data(), length, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
      }
    }
    best = std::min(best, (MPI_Wtime() - begun) / (2.0 * trips));
  }
  return best;
}

/// Rank 0 writes a word into the last rank's window and reads it back. The error's words, or nothing.
std::string try_window(int rank, int last) {
  MPI_Win window = MPI_WIN_NULL;
  void* memory = nullptr;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  int error = MPI_Win_allocate(64, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
  int worked = error == MPI_SUCCESS ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &worked, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  if (worked == 0) {
    char text[MPI_MAX_ERROR_STRING] = "another rank could not";
    int length = 0;
    if (error != MPI_SUCCESS) MPI_Error_string(error, text, &length);
    return text;
  }
  std::string words;
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window);
  if (rank == 0) {
    const std::uint64_t sent = 0x52616e6b696e65;
    std::uint64_t seen = 0;
    MPI_Put(&sent, 8, MPI_BYTE, last, 0, 8, MPI_BYTE, window);
    MPI_Win_flush(last, window);
    MPI_Get(&seen, 8, MPI_BYTE, last, 0, 8, MPI_BYTE, window);
    MPI_Win_flush(last, window);
    if (seen != sent) words = "what was written could not be read back";
  }
  MPI_Win_unlock_all(window);
  MPI_Win_free(&window);
  return words;
}

/// Until all ranks are here, asleep: those that measure need the cores.
void wait_asleep() {
  MPI_Request all = MPI_REQUEST_NULL;
  int here = 0;
  MPI_Ibarrier(MPI_COMM_WORLD, &all);
  while (MPI_Test(&all, &here, MPI_STATUS_IGNORE) == MPI_SUCCESS && here == 0) usleep(1000);
}

void count_ranks(Measured& measured, int rank) {
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  int slot = 0;
  MPI_Comm_rank(node, &slot);
  MPI_Comm_size(node, &measured.ranks_here);
  // Ranks that are bound to one core each have all of their cores together.
  int cpus = granted_cpus();
  int all = 0;
  MPI_Allreduce(&cpus, &all, 1, MPI_INT, MPI_SUM, node);
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  const bool bound = cpus < online && cpus * measured.ranks_here <= online;
  measured.cpus_here = bound ? all : cpus;
  const int leader = slot == 0 ? 1 : 0;
  MPI_Allreduce(&leader, &measured.nodes, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  struct {
    int ranks, rank;
  } fullest{measured.ranks_here, rank};
  MPI_Allreduce(MPI_IN_PLACE, &fullest, 1, MPI_2INT, MPI_MAXLOC, MPI_COMM_WORLD);
  measured.ranks_here = fullest.ranks;
  MPI_Bcast(&measured.cpus_here, 1, MPI_INT, fullest.rank, MPI_COMM_WORLD);
  MPI_Comm_free(&node);
}

}  // namespace

std::optional<Measured> measure_as_rank(std::string& mpi) {
  int level = MPI_THREAD_SINGLE;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &level);
  int rank = 0;
  Measured measured;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &measured.ranks);
  const int last = measured.ranks - 1;
  using enum Measured::Threads;
  measured.threads = level == MPI_THREAD_MULTIPLE     ? multiple
                     : level == MPI_THREAD_SERIALIZED ? serialized
                     : level == MPI_THREAD_FUNNELED   ? funneled
                                                      : single;
  count_ranks(measured, rank);
  measured.one_sided_error = try_window(rank, last);
  measured.one_sided = measured.one_sided_error.empty();
  if (last > 0) {
    measured.latency_us = 1e6 * one_way(64, 250, rank, last);
    measured.bandwidth = (1 << 20) / one_way(1 << 20, 20, rank, last);
  }
  wait_asleep();
  char version[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(version, &length);
  mpi = version;
  mpi = mpi.substr(0, mpi.find(','));
  MPI_Finalize();
  if (rank != 0) return std::nullopt;
  return measured;
}

}  // namespace apps
