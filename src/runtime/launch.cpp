// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <rankine/core/error.hpp>

#include "runtime/registry.hpp"
#include "store/rma_reader.hpp"

namespace rankine::runtime {

namespace {

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw SystemError(std::string("rankine: ") + call +
                    " failed: " + std::string(text, static_cast<std::size_t>(length)));
}

int number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::atoi(text);
}

/// While a node's files have names, a signal must not end the process.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, s);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

std::string broadcast_text(std::string text, MPI_Comm comm) {
  auto length = static_cast<int>(text.size());
  check_mpi(MPI_Bcast(&length, 1, MPI_INT, 0, comm), "MPI_Bcast");
  text.resize(static_cast<std::size_t>(length));
  check_mpi(MPI_Bcast(text.data(), length, MPI_CHAR, 0, comm), "MPI_Bcast");
  return text;
}

/// A step that may fail on some ranks of a node: then all of them throw the first one's error.
template <class Step>
auto together(MPI_Comm comm, Step&& step) {
  std::string error;
  std::optional<decltype(step())> result;
  try {
    result.emplace(step());
  } catch (const std::exception& e) {
    error = e.what();
  }
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  int failed = error.empty() ? size : rank;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MIN, comm), "MPI_Allreduce");
  if (failed < size) {
    auto length = static_cast<int>(error.size());
    check_mpi(MPI_Bcast(&length, 1, MPI_INT, failed, comm), "MPI_Bcast");
    error.resize(static_cast<std::size_t>(length));
    check_mpi(MPI_Bcast(error.data(), length, MPI_CHAR, failed, comm), "MPI_Bcast");
    throw SystemError(error);
  }
  return std::move(*result);
}

/// One file of shared memory on each node, mapped by all its ranks. It has a name for a moment only.
std::unique_ptr<Segment> share_segment(MPI_Comm node_comm, std::size_t bytes) {
  const SignalsBlocked blocked;
  int rank = 0;
  MPI_Comm_rank(node_comm, &rank);
  auto created = together(node_comm, [&] {
    return rank == 0 ? std::make_unique<Segment>(Segment::create(bytes)) : std::unique_ptr<Segment>();
  });
  const std::string path = broadcast_text(created ? created->path() : std::string(), node_comm);
  auto segment = together(node_comm, [&] {
    return created ? std::move(created) : std::make_unique<Segment>(Segment::open(path, bytes));
  });
  if (rank == 0) segment->unlink();
  return segment;
}

Topology find_topology(const MpiSession& session, std::int32_t cpus) {
  int rank = 0;
  int size = 0;
  int slot = 0;
  MPI_Comm_rank(session.comm(), &rank);
  MPI_Comm_size(session.comm(), &size);
  MPI_Comm_rank(session.node_comm(), &slot);
  int leader = rank;
  check_mpi(MPI_Bcast(&leader, 1, MPI_INT, 0, session.node_comm()), "MPI_Bcast");

  const std::int64_t mine[4] = {leader, slot, cpus, getpid()};
  std::vector<std::int64_t> all(static_cast<std::size_t>(4 * size));
  check_mpi(MPI_Allgather(mine, 4, MPI_INT64_T, all.data(), 4, MPI_INT64_T, session.comm()), "MPI_Allgather");

  Topology topology;
  topology.rank = Rank{rank};
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  topology.host = host;
  std::vector<std::int64_t> leaders;  // in order of rank, so node numbers follow the lowest rank
  for (int r = 0; r < size; ++r) {
    const std::int64_t* place = &all[static_cast<std::size_t>(4 * r)];
    auto known = std::find(leaders.begin(), leaders.end(), place[0]);
    if (known == leaders.end()) known = leaders.insert(leaders.end(), place[0]);
    topology.places.push_back({NodeId{static_cast<std::int32_t>(known - leaders.begin())},
                               static_cast<std::uint32_t>(place[1]), static_cast<std::int32_t>(place[2]),
                               place[3]});
  }
  return topology;
}

void compare_binaries(MPI_Comm comm) {
  check_function_table();
  std::uint64_t hash = function_table_hash();
  std::uint64_t first = hash;
  check_mpi(MPI_Bcast(&first, 1, MPI_UINT64_T, 0, comm), "MPI_Bcast");
  int same = hash == first;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_LAND, comm), "MPI_Allreduce");
  if (!same) {
    throw SystemError(
        "rankine: the ranks run different programs: their tables of task functions differ. Remedy: start one "
        "and the "
        "same binary on all ranks");
  }
}

transport::Doorbells doorbells_in(const Segment& board, const Topology& topology) {
  transport::Doorbells doorbells;
  const std::size_t here = topology.ranks_of(topology.here().node).size();
  doorbells.bells = {reinterpret_cast<transport::Doorbell*>(board.data() + sizeof(AwakeCount)), here};
  for (const RankPlace& place : topology.places) {
    doorbells.of.push_back(place.node == topology.here().node ? static_cast<std::int32_t>(place.slot) : -1);
  }
  return doorbells;
}

std::unique_ptr<Store> open_store(const MpiSession& session, const Topology& topology,
                                  std::uint64_t capacity) {
  const bool several = topology.nodes() > 1;
  std::unique_ptr<Segment> segment = share_segment(session.node_comm(), capacity);
  const auto slot = static_cast<std::int32_t>(topology.here().slot);
  // The creator writes the header before the others attach.
  std::unique_ptr<Arena> arena;
  for (const bool creator : {true, false}) {
    together(session.node_comm(), [&] {
      if ((slot == 0) == creator) arena = std::make_unique<Arena>(std::move(*segment), slot);
      if (creator && slot == 0 && several) arena->preallocate();
      return 0;
    });
  }
  std::unique_ptr<RemoteReader> reader;
  if (several) {
    std::vector<int> targets(static_cast<std::size_t>(topology.nodes()), -1);
    for (int r = topology.size() - 1; r >= 0; --r) {
      targets[static_cast<std::size_t>(index(topology.place(Rank{r}).node))] = r;
    }
    reader = std::make_unique<RmaReader>(session.comm(), arena->memory(), targets);
  }
  return std::make_unique<Store>(std::move(*arena), topology.here().node, std::move(reader));
}

std::vector<scheduler::Resources> gather_resources(MPI_Comm comm, const Topology& topology) {
  // One task at a time on a rank: give each CPU a rank.
  const std::int64_t pages = sysconf(_SC_PHYS_PAGES);
  const std::int64_t bytes = pages * sysconf(_SC_PAGESIZE);
  const auto here = static_cast<std::int64_t>(topology.ranks_of(topology.here().node).size());
  const std::int64_t mine = bytes / here;
  std::vector<std::int64_t> all(static_cast<std::size_t>(topology.size()));
  check_mpi(MPI_Allgather(&mine, 1, MPI_INT64_T, all.data(), 1, MPI_INT64_T, comm), "MPI_Allgather");
  std::vector<scheduler::Resources> resources(all.size());
  for (std::size_t r = 0; r < all.size(); ++r) {
    resources[r].cpus = Amount(1.0);
    resources[r].memory_gib = Amount(static_cast<double>(all[r]) / (1u << 30));
  }
  return resources;
}

/// CPUs of the control group's quota (cgroup v2), or a large number.
std::int32_t cgroup_cpus() {
  std::ifstream self("/proc/self/cgroup");
  std::string line;
  std::string path;
  while (std::getline(self, line)) {
    if (line.starts_with("0::")) path = line.substr(3);
  }
  std::ifstream file("/sys/fs/cgroup" + path + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 1 << 20;
  return std::max(1, static_cast<std::int32_t>(std::atof(quota.c_str()) / period + 0.5));
}

}  // namespace

void prepare_environment() {
  std::signal(SIGPIPE, SIG_IGN);  // over ob1/TCP sending to a dead rank would kill the sender
  const int size = number_in_environment("OMPI_COMM_WORLD_SIZE");
  const int local = number_in_environment("OMPI_COMM_WORLD_LOCAL_SIZE");
  const bool several =
      (size > 0 && local > 0 && local < size) || number_in_environment("SLURM_STEP_NUM_NODES") > 1;
  if (!several) return;
  for (const auto& [name, value] : {std::pair{"OMPI_MCA_pml", "ucx"},
                                    {"OMPI_MCA_osc", "ucx,sm"},
                                    {"OMPI_MCA_pml_ucx_tls", "any"},
                                    {"OMPI_MCA_pml_ucx_devices", "any"},
                                    {"OMPI_MCA_osc_ucx_tls", "any"}}) {
    setenv(name, value, 0);
  }
}

std::int32_t granted_cpus(MPI_Comm node_comm) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) CPU_SET(0, &mask);
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &mask, sizeof mask, MPI_BYTE, MPI_BOR, node_comm), "MPI_Allreduce");
  return std::max(1, std::min(CPU_COUNT(&mask), cgroup_cpus()));
}

std::uint64_t arena_capacity(std::uint64_t wish, bool several_nodes) {
  constexpr std::uint64_t kLeast = 16u << 20;
  if (wish != 0) return std::max(wish, kLeast);
  if (const char* text = std::getenv("RANKINE_ARENA_BYTES")) {
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), bytes);
    if (error != std::errc() || *end != '\0' || bytes < kLeast) {
      throw InputError("rankine: RANKINE_ARENA_BYTES is \"" + std::string(text) +
                       "\": it must be a number of bytes, at least " + std::to_string(kLeast));
    }
    return bytes;
  }
  struct statvfs room {};
  std::uint64_t free_bytes = 0;
  if (statvfs(Segment::kSharedMemory, &room) == 0) free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
  // Between nodes the whole arena is backed at the start, since it is registered for remote reads.
  const std::uint64_t most = several_nodes ? std::uint64_t{1} << 30 : ~std::uint64_t{0};
  return std::max(kLeast, std::min(free_bytes / 2, most) / 4096 * 4096);
}

MpiSession::MpiSession(int* argc, char*** argv) {
  int running = 0;
  MPI_Initialized(&running);
  if (!running) {
    prepare_environment();
    int provided = 0;
    check_mpi(MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread");
    initialised_here_ = true;
    if (provided < MPI_THREAD_SERIALIZED) {
      throw SystemError(
          "rankine: this MPI library grants no thread support (MPI_THREAD_SERIALIZED is needed)");
    }
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup");
  check_mpi(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node_comm_),
            "MPI_Comm_split_type");
}

void MpiSession::abort(int code) {
  std::fflush(nullptr);
  MPI_Abort(comm_, code);
  std::abort();  // not reached
}

MpiSession::~MpiSession() {
  if (!orderly_) return;
  MPI_Comm_free(&node_comm_);
  MPI_Comm_free(&comm_);
  if (initialised_here_) MPI_Finalize();
}

Site settle(const MpiSession& session, const EngineSettings& wishes) {
  compare_binaries(session.comm());
  Site site;
  const std::int32_t cpus = granted_cpus(session.node_comm());
  site.topology = find_topology(session, cpus);
  const std::size_t here = site.topology.ranks_of(site.topology.here().node).size();

  const std::size_t board_bytes = sizeof(AwakeCount) + here * sizeof(transport::Doorbell);
  site.board = share_segment(session.node_comm(), (board_bytes + 4095) / 4096 * 4096);
  together(session.node_comm(), [&] {
    if (site.board->created()) site.board->reserve(0, site.board->capacity_bytes());
    return 0;
  });
  site.transport = transport::make_rma_transport(session.comm(), doorbells_in(*site.board, site.topology));

  std::uint64_t capacity = together(
      session.node_comm(), [&] { return arena_capacity(wishes.arena_bytes, site.topology.nodes() > 1); });
  check_mpi(MPI_Bcast(&capacity, 1, MPI_UINT64_T, 0, session.node_comm()), "MPI_Bcast");
  site.store = open_store(session, site.topology, capacity);

  site.settings = wishes;
  site.settings.inline_bytes = std::min(site.settings.inline_bytes, site.transport->message_bytes_max() / 8);
  site.settings.node_cpus = cpus;
  site.settings.awake = reinterpret_cast<AwakeCount*>(site.board->data());
  site.settings.workers = gather_resources(session.comm(), site.topology);
  check_mpi(MPI_Barrier(session.comm()), "MPI_Barrier");
  return site;
}

}  // namespace rankine::runtime
