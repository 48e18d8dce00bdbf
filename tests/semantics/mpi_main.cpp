// SPDX-License-Identifier: Apache-2.0
// The suite in one MPI job: the whole session is the driver on rank 0, the other ranks execute its tasks.
#ifdef RANKINE_CATCH2_V3
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <mpi.h>

#include "on_ranks.hpp"

int ranks_of_the_job() {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  return ranks;
}

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  return runtime.run([&] {
    Catch::Session session;
    const int usage = session.applyCommandLine(argc, argv);
    if (usage != 0) return usage;
#ifndef RANKINE_CATCH2_V3
    session.configData().warnings =
        static_cast<Catch::WarnAbout::What>(session.configData().warnings | Catch::WarnAbout::NoTests);
#endif
    return session.run();
  });
}
