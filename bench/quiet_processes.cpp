// SPDX-License-Identifier: Apache-2.0
#include "quiet_processes.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mpi.h>

#include <rankine/core/error.hpp>

#include "suite.hpp"

namespace rankine::bench {

namespace {

MpiStart start_of_mpi;

double read_clock(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) {
    throw SystemError(std::string("rankine: a clock cannot be read: ") + std::strerror(errno));
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void pause_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

struct alignas(64) Words {
  std::atomic<std::uint32_t> call;
  alignas(64) std::atomic<std::uint32_t> answer;
};

double one_answer(Words& words, std::uint32_t number) {
  const double start = now_s();
  words.call.store(number);
  syscall(SYS_futex, &words.call, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  while (words.answer.load(std::memory_order_acquire) != number) {
  }
  return now_s() - start;
}

void answer_all(Words& words, std::uint32_t count) {
  for (std::uint32_t number = 1; number <= count; ++number) {
    while (words.call.load() != number) {
      syscall(SYS_futex, &words.call, FUTEX_WAIT, number - 1, nullptr, nullptr, 0);
    }
    words.answer.store(number, std::memory_order_release);
  }
}

/// A barrier whose waiting ranks leave the CPUs alone.
void quiet_barrier() {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibarrier(MPI_COMM_WORLD, &request);
  for (int done = 0; done == 0;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done == 0) pause_for(0.005);
  }
}

}  // namespace

std::vector<pid_t> processes_of_ranks() {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  static_assert(sizeof(pid_t) == sizeof(int));
  std::vector<pid_t> all(static_cast<std::size_t>(size));
  const pid_t mine = getpid();
  MPI_Allgather(&mine, 1, MPI_INT, all.data(), 1, MPI_INT, MPI_COMM_WORLD);
  return all;
}

double cpu_seconds(pid_t process) {
  clockid_t clock{};
  const int error = clock_getcpuclockid(process, &clock);
  if (error != 0) {
    throw SystemError("rankine: process " + std::to_string(process) + " is not on this machine, so what it " +
                      "costs cannot be measured: " + std::strerror(error));
  }
  return read_clock(clock);
}

std::vector<double> cpu_seconds(const std::vector<pid_t>& processes) {
  std::vector<double> seconds;
  for (const pid_t process : processes) seconds.push_back(cpu_seconds(process));
  return seconds;
}

double own_cpu_seconds() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

MpiStart mpi_start() {
  return start_of_mpi;
}

FutexAnswers::FutexAnswers(int count) {
  int rank = 0;
  int near = 0;
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &near);
  MPI_Win window = MPI_WIN_NULL;
  Words* words = nullptr;
  MPI_Win_allocate_shared(rank == 0 ? sizeof(Words) + 64 : 0, 1, MPI_INFO_NULL, node, &words, &window);
  MPI_Aint bytes = 0;
  int unit = 0;
  MPI_Win_shared_query(window, 0, &bytes, &unit, &words);
  words = reinterpret_cast<Words*>((reinterpret_cast<std::uintptr_t>(words) + 63) / 64 * 64);
  if (rank == 0) new (words) Words{};
  quiet_barrier();
  if (rank == 1 && near > 1) answer_all(*words, static_cast<std::uint32_t>(2 * count));
  for (int i = 0; rank == 0 && near > 1 && i < 2 * count; ++i) {
    const bool first = i < count;
    pause_for(first ? kShortPause : kLongPause);
    (first ? short_ : long_).push_back(one_answer(*words, static_cast<std::uint32_t>(i + 1)));
  }
  quiet_barrier();
  MPI_Win_free(&window);
  MPI_Comm_free(&node);
}

}  // namespace rankine::bench

/// In place of MPI's own, which it calls: so it is timed whoever calls it.
extern "C" int MPI_Init_thread(int* argc, char*** argv, int required, int* provided) {
  rankine::bench::start_of_mpi.began = rankine::bench::now_s();
  const int code = PMPI_Init_thread(argc, argv, required, provided);
  rankine::bench::start_of_mpi.ended = rankine::bench::now_s();
  return code;
}
