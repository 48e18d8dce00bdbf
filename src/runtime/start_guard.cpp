// SPDX-License-Identifier: Apache-2.0
#include "runtime/start_guard.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include <sys/types.h>
#include <unistd.h>

#include "runtime/launch.hpp"

namespace rankine::runtime {

namespace {

using namespace std::chrono_literals;

constexpr int kQuiet = 5;         ///< seconds in which ranks mostly start, and nobody looks
constexpr int kMissed = 5;        ///< looks in a row at which somebody is missing: mpirun may be starting it
constexpr int kAtMost = 15 * 60;  ///< seconds: of large jobs on slow file systems, too

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string of_process(pid_t process, const char* what) {
  return text_of("/proc/" + std::to_string(process) + "/" + what);
}

/// The environment of a zombie is empty.
bool is_rank(pid_t process) {
  return of_process(process, "environ").find("OMPI_COMM_WORLD_RANK=") != std::string::npos;
}

/// Whether the process runs a program of one of these names, such as mpirun.openmpi.
bool runs(pid_t process, std::initializer_list<std::string_view> programs) {
  const std::string name = of_process(process, "comm");
  return std::ranges::any_of(programs, [&](std::string_view one) { return name.starts_with(one); });
}
bool is_mpirun(pid_t process) {
  return runs(process, {"mpirun", "mpiexec", "orterun", "prterun"});
}
/// mpirun's on other nodes.
bool is_daemon(pid_t process) {
  return runs(process, {"orted", "prted"});
}

pid_t parent_of(pid_t process) {
  const std::string stat = of_process(process, "stat");  // PID (NAME) STATE PPID ...
  const std::size_t name_end = stat.rfind(')');
  return name_end == std::string::npos ? 0 : std::atoi(stat.c_str() + std::min(name_end + 4, stat.size()));
}

/// What started the ranks of this node, behind the scripts that this one may be wrapped in; 0 where it is not
/// to be seen, as out of a container that hides other processes.
pid_t launcher() {
  pid_t process = getppid();
  while (process > 1 && !is_mpirun(process) && is_rank(process)) process = parent_of(process);
  return is_mpirun(process) || is_daemon(process) ? process : 0;
}

/// How many living children of `parent` were started as ranks of an Open MPI job. Linux; 0 where /proc does
/// not tell.
int ranks_started_by(pid_t parent) {
  std::istringstream children(of_process(parent, ("task/" + std::to_string(parent) + "/children").c_str()));
  int ranks = 0;
  for (pid_t child = 0; children >> child;) ranks += is_rank(child);
  return ranks;
}

[[noreturn]] void leave(const std::string& why, int ranks_here) {
  std::fprintf(stderr,
               "rankine: %s, so this process leaves. Remedy: look for what ended them, such as memory, or a "
               "library that is missing on a node\n",
               why.c_str());
  std::fflush(nullptr);
  // mpirun ends the ranks of other nodes, once it has passed on what was said. Daemons are left alone.
  if (const pid_t process = launcher();
      number_in_environment("OMPI_COMM_WORLD_SIZE") > ranks_here && is_mpirun(process)) {
    std::this_thread::sleep_for(1s);
    kill(process, SIGTERM);
  }
  _exit(1);
}

}  // namespace

StartGuard::StartGuard() {
  const int ranks_here = number_in_environment("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (ranks_here > 0) thread_ = std::thread([this, ranks_here] { keep_watch(ranks_here); });
}

StartGuard::~StartGuard() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StartGuard::keep_watch(int ranks_here) {
  int missed = 0;
  std::unique_lock lock(mutex_);
  for (int second = 1; !stopped_.wait_for(lock, 1s, [this] { return stop_; }); ++second) {
    if (second >= kAtMost) leave("MPI_Init did not come back within 15 minutes", ranks_here);
    if (second < kQuiet) continue;
    const pid_t process = launcher();
    const int ranks = process > 0 ? ranks_started_by(process) : 0;
    missed = ranks > 0 && ranks < ranks_here ? missed + 1 : 0;
    if (missed >= kMissed) {
      leave(std::to_string(ranks_here - ranks) + " of the " + std::to_string(ranks_here) +
                " ranks of this node have gone while the others wait for them in MPI_Init",
            ranks_here);
    }
  }
}

}  // namespace rankine::runtime
