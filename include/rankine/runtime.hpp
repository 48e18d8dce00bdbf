// SPDX-License-Identifier: Apache-2.0
// The one object of a program: it starts MPI, learns ranks and nodes, and runs the driver on rank 0 while the
// other ranks execute tasks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankine {

/// What to do with the journal of an earlier run in the same run directory.
enum class Resume {
  /// Go on from it where its run did not finish; an error if it is another program's, or was made by another
  /// build or with other options. Behind a run that finished a new one begins.
  automatic,
  fresh,     ///< start over; the old journal is moved aside
  required,  ///< go on from it, also if its run finished or another build made it; an error if there is none
};

/// Settings of a run. Zero means: decided by the runtime.
struct RuntimeOptions {
  std::uint64_t seed = 0;  ///< of all random numbers; equal seeds give equal results on any number of ranks
  /// Shared memory for large objects on each node, in bytes. Default: RANKINE_ARENA_BYTES, else half of what
  /// is free in /dev/shm. Used only as needed.
  std::uint64_t arena_bytes = 0;
  /// Stack of a task in bytes; default 1 MiB (virtual: what is not touched costs nothing).
  std::size_t stack_bytes = 0;
  std::size_t inline_bytes =
      0;  ///< values up to this size travel in messages, larger ones through shared memory
  /// Where objects go that shared memory has no room for, on each node; should be a local disk. Default:
  /// RANKINE_SPILL_DIR, else TMPDIR, else /tmp. The files have no name: nothing is left there.
  std::string spill_directory = {};
  /// CPUs of each rank, and with them how many tasks it runs at once. Default: RANKINE_CPUS, else its part of
  /// what was granted: the affinity mask shared with the other ranks of the node, the control group's quota,
  /// SLURM_CPUS_PER_TASK. As threads: 1.
  std::int32_t cpus = 0;
  /// GPUs of each rank. Default: RANKINE_GPUS, else its part of the devices that are visible to it.
  std::optional<std::int32_t> gpus = {};
  /// Amounts of resources with names of your own that each rank has. RANKINE_RESOURCES="licence=2,fpga=1"
  /// adds to them.
  std::vector<std::pair<std::string, double>> resources = {};
  /// The driver's submit and map wait while more tasks than this are pending, or more bytes of arguments.
  /// Default: 2,000,000; a quarter of the memory of rank 0. A single map may be larger: it waits for all
  /// else.
  std::uint64_t pending_tasks_max = 0;
  std::uint64_t pending_bytes_max = 0;
  /// How long a task over its time limit may take to stop after it was asked, before its rank is killed.
  std::chrono::nanoseconds timeout_grace{0};  ///< default 5 s
  /// Where the run leaves its status and its journal. Default: RANKINE_RUN_DIR; empty: it leaves nothing.
  std::string run_directory = {};
  /// Results of tasks with a key, saved states and checkpoints of named actors go into RUN/journal, within
  /// 100 ms or 4 MiB safely; an earlier run's are taken from there instead of computed. A task is known again
  /// by its key, its function and its arguments. See rk::save_state for values of the driver itself.
  Resume resume = Resume::automatic;
  bool journal_all = false;  ///< tasks without a key too: if the driver always submits in the same order
  /// With a run directory: RUN/trace says who ran what when, about 30 bytes a task and 1 GiB at most, for
  /// `rankine trace RUN` and `rankine simulate`. RANKINE_TRACE=off overrules. Those of earlier starts are
  /// kept as RUN/trace.1 and so on.
  bool trace = true;
  /// What results depend on besides the seed and the program, as text, e.g. its options. A journal that was
  /// made with another text is refused.
  std::string depends_on = {};
  /// A process that crashes says which task it ran, with a backtrace, on standard error and in the run
  /// directory's log/crash-rankN.txt, and then ends as it would have. Signals that the program handles itself
  /// before it makes the Runtime are left alone. A task that crashes costs its rank
  /// only; after two ranks it does not get rank 0. With one rank in all, it ends the run.
  bool crash_reports = true;
  /// The constructor of Runtime throws what is wrong with an option, a variable or the machine, instead of
  /// saying it on standard error and ending the program with exit code 2.
  bool throw_errors = false;
  /// How long the run may take, from the start of its Runtime. Default: RANKINE_WALLTIME (90, 30m, 1:30:00,
  /// see parse_walltime), else what Slurm says of the allocation's end, else no limit. See draining.hpp.
  std::chrono::nanoseconds walltime{0};
  /// How long before its end the run stops in good order. Default: RANKINE_WALLTIME_MARGIN, else 5 % of the
  /// wall time, at least 10 s and at most 2 minutes, but not more than a quarter. As long may stopping take
  /// after SIGUSR1 or Ctrl-C (10 s without a wall time), and after SIGTERM unless mpirun kills sooner.
  std::chrono::nanoseconds walltime_margin{0};
  /// A run that drained with work left shall be started again: RUN/status says so, and slurm/launch.sh does
  /// it (by scontrol requeue) when the job has ended. Default: RANKINE_REQUEUE=1.
  bool requeue = false;
  /// A rank that has been silent for so long is declared dead, and killed. Long computing is not silence; a
  /// process that is stopped, by a debugger for example, is. Default 10 s.
  std::chrono::nanoseconds lost_after{0};
};

class Runtime {
 public:
  /// Collective over all ranks: starts MPI (if the program has not). Messages go one-sided, or two-sided
  /// where MPI has nothing else or that is clearly faster, and between nodes where ranks may die (mpirun
  /// --enable-recovery); RANKINE_TRANSPORT (rma, p2p or auto) on rank 0
  /// overrules, RANKINE_VERBOSE=1 says which and why on standard error. If
  /// ranks cannot message each other, an option or a variable is wrong or shared memory is full, rank 0 says
  /// so with the remedy and all ranks exit with code 2; with throw_errors they throw SystemError, InputError
  /// or StoreFull.
  Runtime(int& argc, char**& argv, const RuntimeOptions& options = {});
  explicit Runtime(const RuntimeOptions& options = {});
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  int rank() const;
  int size() const;
  int nodes() const;
  bool is_head() const { return rank() == 0; }

  /// Rank 0 runs `driver` (returning nothing or an exit code), then waits for everything it submitted; the
  /// other ranks execute tasks until then. Returns the program's exit code: the driver's; 1 if it threw,
  /// after saying what and cancelling what was left (tasks that do not notice within two seconds are killed
  /// with the job). A run that drained (draining.hpp) with work left returns 0 if it has a run directory to
  /// go on from, else 75, and says so. RUN/status in the run directory says the same to scripts. A driver
  /// that threw or returned 1 has failed, not finished: the next start goes on from its journal.
  template <class Driver>
  int run(Driver&& driver) {
    if constexpr (std::is_void_v<std::invoke_result_t<Driver&>>) {
      return run_driver([&driver] {
        driver();
        return 0;
      });
    } else {
      return run_driver([&driver] { return static_cast<int>(driver()); });
    }
  }

 private:
  int run_driver(const std::function<int()>& driver);

  struct State;
  std::unique_ptr<State> state_;
};

/// Ranks as threads of this process, no mpirun: for tests. Returns what run() would; exceptions of the driver
/// are rethrown.
int run_as_threads(int ranks, const RuntimeOptions& options, const std::function<void()>& driver);

/// Ranks on pretended nodes, each with shared memory of its own: node n has ranks n * ranks_per_node and on.
struct PretendedNodes {
  int nodes = 1;
  int ranks_per_node = 1;
  bool remote_reads = false;  ///< nodes read each other's memory, as by MPI_Get; else all goes by messages
};
int run_as_threads(const PretendedNodes& nodes, const RuntimeOptions& options,
                   const std::function<void()>& driver);

}  // namespace rankine
