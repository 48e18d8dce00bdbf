// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "runtime/launch_resources.hpp"
#include "runtime/launch_walltime.hpp"
#include "runtime/registry.hpp"
#include "runtime/start_guard.hpp"
#include "store/rma_reader.hpp"
#include "transport/choice.hpp"
#include "transport/node.hpp"

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

constexpr int kRefused = 2;  // exit code of a program that could not begin
/// How long a rank that cannot begin waits for the others to find the same.
constexpr Nanoseconds kRefusalPatience = 3 * kSecond;

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

std::string host_name() {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  return host;
}

/// Where /dev/shm has no room for the segment that each rank takes of it to reach the others of its node,
/// Open MPI's start was seen never to end.
void check_room_for_mpi() {
  constexpr std::uint64_t segment_bytes = (std::uint64_t{4} << 20) + (64 << 10);
  const char* here = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (here == nullptr || std::string_view(here) == "1") return;
  struct statvfs room {};
  if (statvfs(Segment::kSharedMemory, &room) != 0) return;
  const std::uint64_t free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
  if (free_bytes >= segment_bytes) return;
  throw StoreFull(
      "rankine: " + std::string(Segment::kSharedMemory) + " on host " + host_name() + " has " +
      std::to_string(free_bytes) + " bytes free, of which each of the " + here + " ranks there needs " +
      std::to_string(segment_bytes) +
      " to begin. Remedy: enlarge it (mount -o remount,size=...), or remove what others left there");
}

std::string broadcast_text(std::string text, MPI_Comm comm) {
  auto length = static_cast<int>(text.size());
  check_mpi(MPI_Bcast(&length, 1, MPI_INT, 0, comm), "MPI_Bcast");
  text.resize(static_cast<std::size_t>(length));
  check_mpi(MPI_Bcast(text.data(), length, MPI_CHAR, 0, comm), "MPI_Bcast");
  return text;
}

/// A step that may fail on some ranks: then all of them throw the first one's error.
template <class Step>
auto together(MPI_Comm comm, Step&& step) {
  std::string error;
  std::exception_ptr own;
  std::optional<decltype(step())> result;
  try {
    result.emplace(step());
  } catch (const std::exception& e) {
    error = e.what() + (" (on host " + host_name() + ")");
    own = std::current_exception();
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
    if (own != nullptr) std::rethrow_exception(own);
    throw SystemError(error);
  }
  return std::move(*result);
}

/// One file of shared memory on each node, mapped by all its ranks. It has a name for a moment only.
std::unique_ptr<Segment> share_segment(const MpiSession& session, std::size_t bytes) {
  const SignalsBlocked blocked;
  int rank = 0;
  MPI_Comm_rank(session.node_comm(), &rank);
  auto created = together(session.comm(), [&] {
    return rank == 0 ? std::make_unique<Segment>(Segment::create(bytes)) : std::unique_ptr<Segment>();
  });
  const std::string path = broadcast_text(created ? created->path() : std::string(), session.node_comm());
  auto segment = together(session.comm(), [&] {
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
  topology.host = host_name();
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

/// From here on a rank of this node that dies is seen.
std::unique_ptr<Sentinel> post_sentinel(MPI_Comm comm, const Topology& topology, Nanoseconds lost_after) {
  const ProcessId mine = find_process(getpid());
  std::vector<ProcessId> all(static_cast<std::size_t>(topology.size()));
  check_mpi(MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, comm),
            "MPI_Allgather");
  return std::make_unique<Sentinel>(topology.rank, topology.ranks_of(topology.here().node), all,
                                    Watchman::beat(lost_after), [comm] { MPI_Abort(comm, 1); });
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

/// The window for reads of other nodes' arenas; null, on all ranks, where MPI cannot make it on one of them.
std::unique_ptr<RemoteReader> open_reader(MPI_Comm comm, const Topology& topology, const Arena& arena) {
  std::vector<int> targets(static_cast<std::size_t>(topology.nodes()), -1);
  for (int r = topology.size() - 1; r >= 0; --r) {
    targets[static_cast<std::size_t>(index(topology.place(Rank{r}).node))] = r;
  }
  std::unique_ptr<RmaReader> reader;
  try {
    reader = std::make_unique<RmaReader>(comm, arena.memory(), targets);
  } catch (const SystemError&) {
    // Objects travel in messages then.
  }
  int made = reader != nullptr ? 1 : 0;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &made, 1, MPI_INT, MPI_MIN, comm), "MPI_Allreduce");
  if (made == 0 && reader != nullptr) {
    reader->abandon();
    reader.reset();
  }
  return reader;
}

std::unique_ptr<Store> open_store(const MpiSession& session, const Topology& topology, std::uint64_t capacity,
                                  bool remote_reads, const std::string& spill_directory) {
  std::unique_ptr<Segment> segment = share_segment(session, capacity);
  const auto slot = static_cast<std::int32_t>(topology.here().slot);
  // The creator writes the header before the others attach.
  std::unique_ptr<Arena> arena;
  for (const bool creator : {true, false}) {
    together(session.comm(), [&] {
      if ((slot == 0) == creator) arena = std::make_unique<Arena>(std::move(*segment), slot);
      if (creator && slot == 0 && remote_reads) arena->preallocate();
      return 0;
    });
  }
  std::unique_ptr<RemoteReader> reader;
  if (remote_reads) reader = open_reader(session.comm(), topology, *arena);
  return std::make_unique<Store>(std::move(*arena), topology.here().node, std::move(reader), spill_directory);
}

/// Made and tried by rank 0; its absolute path on all ranks. Its status says from now on that the run is
/// under way.
std::string open_run_directory(MPI_Comm comm, const std::string& wish, std::optional<RunStatus>& status) {
  std::string directory;
  together(comm, [&] {
    int rank = 0;
    int size = 0;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    if (rank != 0 || wish.empty()) return 0;
    directory = prepare_run_directory(wish);
    status.emplace(directory, size);
    return 0;
  });
  return broadcast_text(directory, comm);
}

/// What rank 0 learns of the end of the allocation, on the clocks of all ranks.
EndSettings share_end(MPI_Comm comm, const WallTimeWish& wish) {
  WallTime wall;
  std::int64_t facts[4] = {};  // is there an end, how far it is, the margin, the time after SIGTERM
  together(comm, [&] {
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    if (rank != 0) return 0;
    wall = decide_wall_time(gather_wall_time(wish.length, wish.margin, wish.start));
    facts[0] = wall.end != kNeverEnds;
    facts[1] = facts[0] != 0 ? wall.end - now() : 0;
    facts[2] = wall.margin != 0 ? wall.margin : EndSettings().signal_grace;
    facts[3] = grace_after_sigterm().value_or(facts[2]);
    return 0;
  });
  check_mpi(MPI_Bcast(facts, 4, MPI_INT64_T, 0, comm), "MPI_Bcast");
  EndSettings end;
  end.signal_grace = facts[2];
  end.sigterm_grace = std::min(facts[2], facts[3]);
  if (facts[0] == 0) return end;
  end.wall_end = now() + facts[1];
  end.plan = plan_for({end.wall_end, facts[2], wall.source});
  const char* verbose = std::getenv("RANKINE_VERBOSE");
  if (!wall.source.empty() && verbose != nullptr && std::string_view(verbose) == "1") {
    std::fprintf(stderr, "rankine: the wall time ends in %.3g s (%s); the run drains %.3g s before\n",
                 static_cast<double>(facts[1]) * 1e-9, wall.source.c_str(),
                 static_cast<double>(facts[2]) * 1e-9);
  }
  return end;
}

/// Whether the launcher lets the others go on when a rank dies: `mpirun --enable-recovery` of Open MPI 4.
bool survives_deaths() {
  const char* value = std::getenv("OMPI_MCA_orte_enable_recovery");
  return value != nullptr && std::string_view(value) != "0" && std::string_view(value) != "false";
}

/// What rank 0 wishes. Between nodes a flush to a rank that has died may never return, so that a job which is
/// to survive deaths uses two-sided messages there, unless the user says otherwise.
transport::TransportWish wish_of(const std::string& text, bool survives, int nodes) {
  const transport::TransportWish wish = transport::parse_wish(text);
  const bool open = wish == transport::TransportWish::automatic;
  return open && survives && nodes > 1 ? transport::TransportWish::p2p : wish;
}

/// The memory of the rings between ranks of one node; nullptr, on all of them, where there is no room for it.
std::unique_ptr<Segment> share_rings(const MpiSession& session, int ranks) {
  std::unique_ptr<Segment> rings = share_segment(session, transport::node_memory_bytes(ranks));
  int backed = 1;
  try {
    if (rings->created()) rings->reserve(0, rings->capacity_bytes());
  } catch (const StoreFull&) {
    backed = 0;
  }
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &backed, 1, MPI_INT, MPI_MIN, session.comm()), "MPI_Allreduce");
  if (backed == 0) rings.reset();
  return rings;
}

/// Rank 0's environment decides, wherever the launcher copies it to. `rings` is what the transport lives in.
transport::Choice open_transport(const MpiSession& session, const Topology& topology, const Segment& board,
                                 std::unique_ptr<Segment>& rings) {
  const char* wish = std::getenv("RANKINE_TRANSPORT");
  const std::string text = broadcast_text(wish == nullptr ? "" : wish, session.comm());
  const bool survives = !broadcast_text(survives_deaths() ? "yes" : "", session.comm()).empty();
  const transport::TransportWish wished = wish_of(text, survives, topology.nodes());
  using enum transport::TransportWish;
  if (wished == node && topology.nodes() > 1) {
    throw InputError("rankine: RANKINE_TRANSPORT is \"node\", but the ranks are on " +
                     std::to_string(topology.nodes()) + " nodes. Remedy: rma, p2p or auto");
  }
  if (topology.nodes() == 1 && (wished == automatic || wished == node))
    rings = share_rings(session, topology.size());
  const transport::Doorbells doorbells = doorbells_in(board, topology);
  transport::Choice choice =
      rings != nullptr
          ? transport::choose_node(topology.rank, topology.size(), doorbells, rings->memory())
          : transport::choose_transport(session.comm(), doorbells, wished == node ? automatic : wished);
  if (wished != transport::parse_wish(text)) {
    choice.reason = "so that ranks of other nodes may die (mpirun --enable-recovery)";
  }
  const char* verbose = std::getenv("RANKINE_VERBOSE");
  if (topology.rank == kHead && verbose != nullptr && std::string_view(verbose) == "1") {
    std::fprintf(stderr, "rankine: %d ranks on %d nodes, messages by %s: %s\n", topology.size(),
                 topology.nodes(), choice.name, choice.reason.c_str());
  }
  return choice;
}

}  // namespace

std::uint64_t arena_capacity(std::uint64_t wish, bool remote_reads) {
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
  // Registered for remote reads, the whole arena is backed at the start.
  const std::uint64_t most = remote_reads ? std::uint64_t{1} << 30 : ~std::uint64_t{0};
  return std::max(kLeast, std::min(free_bytes / 2, most) / 4096 * 4096);
}

MpiSession::MpiSession(int* argc, char*** argv) {
  int running = 0;
  MPI_Initialized(&running);
  if (!running) {
    prepare_environment();
    check_room_for_mpi();
    std::signal(SIGPIPE, SIG_IGN);  // over TCP a dead rank's connection would end this one
    int provided = 0;
    const StartGuard guard;
    check_mpi(MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread");
    initialised_here_ = true;
    if (provided < MPI_THREAD_SERIALIZED) {
      throw SystemError(
          "rankine: this MPI library grants no thread support (MPI_THREAD_SERIALIZED is needed)");
    }
  }
  int level = MPI_THREAD_SINGLE;
  MPI_Query_thread(&level);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup");
  check_mpi(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node_comm_),
            "MPI_Comm_split_type");
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &level, 1, MPI_INT, MPI_MIN, comm_), "MPI_Allreduce");
  if (level == MPI_THREAD_MULTIPLE) gang_comms_ = std::make_unique<GangComms>(comm_);
}

void MpiSession::abort(int code) {
  std::fflush(nullptr);
  MPI_Abort(comm_, code);
  std::abort();  // not reached
}

void MpiSession::refuse(const std::string& sentence) {
  MPI_Request everybody = MPI_REQUEST_NULL;
  int together = 0;
  if (MPI_Ibarrier(comm_, &everybody) == MPI_SUCCESS) {
    const Time patience = now() + kRefusalPatience;
    while (!together && now() < patience) {
      MPI_Test(&everybody, &together, MPI_STATUS_IGNORE);
      sched_yield();
    }
  }
  int rank = 0;
  MPI_Comm_rank(comm_, &rank);
  std::fflush(stdout);
  if (rank == 0 || !together) std::fprintf(stderr, "%s\n", sentence.c_str());
  if (!together) abort(kRefused);
  end();
  std::exit(kRefused);
}

MpiSession::~MpiSession() {
  if (!orderly_) {
    static_cast<void>(gang_comms_.release());  // its end calls MPI
    return;
  }
  end();
}

void MpiSession::end() {
  gang_comms_.reset();
  MPI_Comm_free(&node_comm_);
  MPI_Comm_free(&comm_);
  if (initialised_here_) MPI_Finalize();
}

Site settle(const MpiSession& session, const EngineSettings& wishes) {
  compare_binaries(session.comm());
  Site site;
  const NodeFacts facts = gather_facts(session.comm(), session.node_comm());
  const std::int32_t cpus = node_cpus(facts);
  site.topology = find_topology(session, cpus);
  site.sentinel = post_sentinel(session.comm(), site.topology, wishes.lost_after);
  const std::string directory = open_run_directory(session.comm(), wishes.run_directory, site.status);
  const std::size_t here = site.topology.ranks_of(site.topology.here().node).size();

  const std::size_t culprits_at = sizeof(AwakeCount) + here * sizeof(transport::Doorbell);
  const std::size_t board_bytes = culprits_at + here * sizeof(std::atomic<std::uint64_t>);
  site.board = share_segment(session, (board_bytes + 4095) / 4096 * 4096);
  together(session.comm(), [&] {
    if (site.board->created()) site.board->reserve(0, site.board->capacity_bytes());
    return 0;
  });
  transport::Choice choice = open_transport(session, site.topology, *site.board, site.rings);
  site.transport = std::move(choice.transport);

  const bool remote_reads = choice.one_sided() && site.topology.nodes() > 1;
  std::uint64_t capacity =
      together(session.comm(), [&] { return arena_capacity(wishes.arena_bytes, remote_reads); });
  check_mpi(MPI_Bcast(&capacity, 1, MPI_UINT64_T, 0, session.node_comm()), "MPI_Bcast");
  site.store = open_store(session, site.topology, capacity, remote_reads, wishes.spill_directory);

  site.settings = wishes;
  site.settings.run_directory = directory;
  site.settings.end = share_end(session.comm(), wishes.wall_wish);
  site.settings.head.deadline = site.settings.end.plan.cut;
  site.settings.inline_bytes = std::min(site.settings.inline_bytes, site.transport->message_bytes_max() / 8);
  site.settings.node_cpus = cpus;
  site.settings.awake = reinterpret_cast<AwakeCount*>(site.board->data());
  site.settings.culprits = reinterpret_cast<std::atomic<std::uint64_t>*>(site.board->data() + culprits_at);
  const Grant granted =
      together(session.comm(), [&] { return grant(facts, relevant_environment(), wishes.wishes); });
  site.settings.workers = share_resources(session.comm(), granted.resources);
  site.settings.gpus = granted.gpus;
  site.settings.gang_comms = session.gang_comms();
  if (session.gang_comms() == nullptr) {
    site.settings.no_gangs =
        "rankine: submit_gang: MPI was initialised without MPI_THREAD_MULTIPLE, so members of gangs could "
        "not use it. Remedy: let rk::Runtime initialise MPI, or ask for MPI_THREAD_MULTIPLE in "
        "MPI_Init_thread, with an MPI library that grants it";
  }
  site.settings.head.reserve = site.topology.size() > 1;
  site.settings.head.can_kill = site.topology.size() > 2;  // another worker must be left
  site.settings.sentinel = site.sentinel.get();
  check_mpi(MPI_Barrier(session.comm()), "MPI_Barrier");
  site.sentinel->release();
  return site;
}

}  // namespace rankine::runtime
