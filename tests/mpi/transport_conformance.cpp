// SPDX-License-Identifier: Apache-2.0
// The transport conformance suite over MPI: mpirun -n N PROGRAM node|rma|p2p [REPEATS [PART-OF-A-NAME]]. A
// failure on any rank fails the run; a hang is ended by an alarm that names the behaviour.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>

#include <mpi.h>
#include <unistd.h>
#include <csignal>

#include "transport/node.hpp"
#include "transport/p2p.hpp"
#include "transport/rma.hpp"
#include "transport_node.hpp"
#include "transport_suite.hpp"

namespace {

using namespace rankine;

constexpr unsigned kWatchdogSeconds = 120;
char watchdog_text[256];  // what the signal handler writes: it may call nothing that allocates

void end_hang(int) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, watchdog_text, std::strlen(watchdog_text));
  _exit(3);
}

class MpiMember final : public conformance::Member {
 public:
  using Member::Member;

 protected:
  void arrive() override { MPI_Ibarrier(MPI_COMM_WORLD, &request_); }
  bool all_arrived() override {
    int done = 0;
    MPI_Test(&request_, &done, MPI_STATUS_IGNORE);
    return done != 0;
  }

 private:
  MPI_Request request_ = MPI_REQUEST_NULL;
};

/// A transport, and what it lives in.
struct Mail {
  std::unique_ptr<transport_test::NodeMemory> memory;
  std::unique_ptr<transport::Transport> transport;
};

Mail make_mail(const std::string& kind, const transport::Doorbells& doorbells,
               const transport::RingLimits& limits) {
  Mail mail;
  if (kind == "node") {
    int rank = 0;
    int ranks = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    mail.memory = std::make_unique<transport_test::NodeMemory>(MPI_COMM_WORLD,
                                                               transport::node_memory_bytes(ranks, limits));
    mail.transport =
        transport::make_node_transport(Rank{rank}, ranks, doorbells, mail.memory->bytes(), limits);
  } else if (kind == "rma") {
    mail.transport = transport::make_rma_transport(MPI_COMM_WORLD, doorbells, {limits});
  } else {
    mail.transport = transport::make_p2p_transport(MPI_COMM_WORLD, doorbells, {limits});
  }
  return mail;
}

/// The number of ranks on which the behaviour failed.
int run_on_all_ranks(const conformance::Behaviour& behaviour, const std::string& kind,
                     const transport::Doorbells& doorbells) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  std::snprintf(watchdog_text, sizeof watchdog_text, "rank %d: \"%s\" hangs\n", rank, behaviour.name);
  alarm(kWatchdogSeconds);
  const Mail mail = make_mail(kind, doorbells, behaviour.limits);
  MpiMember member(*mail.transport);
  behaviour.run(member);
  for (const std::string& text : member.failures()) {
    std::fprintf(stderr, "rank %d: \"%s\": %s\n", rank, behaviour.name, text.c_str());
  }
  int failed = member.failures().empty() ? 0 : 1;
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  mail.transport->close(true);
  alarm(0);
  return failed;
}

int run_suite(const std::string& kind, int repeats, const std::string& part) {
  int rank = 0;
  int ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const transport_test::NodeDoorbells node(MPI_COMM_WORLD);
  int run = 0;
  int failed = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (const conformance::Behaviour& behaviour : conformance::transport_behaviours()) {
      if (ranks < behaviour.ranks_min || std::string(behaviour.name).find(part) == std::string::npos ||
          (behaviour.rings_only && kind == "p2p"))
        continue;
      const double start = MPI_Wtime();
      const int failed_ranks = run_on_all_ranks(behaviour, kind, node.doorbells());
      ++run;
      if (failed_ranks > 0) ++failed;
      if (rank == 0) {
        std::printf("%s %s (%.3f s)\n", failed_ranks > 0 ? "FAILED" : "ok    ", behaviour.name,
                    MPI_Wtime() - start);
      }
    }
  }
  if (rank == 0) std::printf("%d behaviours on %d ranks, %d failed\n", run, ranks, failed);
  return run == 0 ? 2 : failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  int granted = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &granted);
  std::signal(SIGALRM, end_hang);
  int result = 2;
  const std::string kind = argc > 1 ? argv[1] : "";
  try {
    if (kind == "node" || kind == "rma" || kind == "p2p") {
      result = run_suite(kind, argc > 2 ? std::atoi(argv[2]) : 1, argc > 3 ? argv[3] : "");
    } else {
      std::fprintf(stderr, "usage: mpirun -n N PROGRAM node|rma|p2p [REPEATS [PART-OF-A-NAME]]\n");
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return result;
}
