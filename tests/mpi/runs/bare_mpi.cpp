// SPDX-License-Identifier: Apache-2.0
// What MPI alone needs, to compare a job with: starts MPI, says "ready", waits on rank 0 for the end of
// standard input, ends. Knows nothing of Rankine.
#include <mpi.h>

#include <cstdio>

int main(int argc, char** argv) {
  int provided = 0;
  int rank = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    std::printf("ready\n");
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
  }
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Finalize();
}
