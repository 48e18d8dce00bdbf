// SPDX-License-Identifier: Apache-2.0
#include "raw_mpi.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include <mpi.h>

namespace rankine::bench {

namespace {

constexpr int kRepetitions = 5;
constexpr double kSeconds = 0.03;  // of a repetition, about
constexpr int kMessageBytes = 64;

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Where the memory of a window comes from.
enum class Memory : std::uint8_t { of_mpi, own };

/// A window of both ranks, where MPI can make one between them.
class Window {
 public:
  Window(MPI_Comm comm, std::size_t bytes, int content, Memory from = Memory::of_mpi) {
    own_.resize(from == Memory::own ? bytes : 0);
    memory_ = own_.data();
    MPI_Errhandler before = MPI_ERRHANDLER_NULL;
    MPI_Comm_get_errhandler(comm, &before);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    const auto size = static_cast<MPI_Aint>(bytes);
    const int made = from == Memory::own ? MPI_Win_create(memory_, size, 1, MPI_INFO_NULL, comm, &window_)
                                         : MPI_Win_allocate(size, 1, MPI_INFO_NULL, comm, &memory_, &window_);
    MPI_Comm_set_errhandler(comm, before);
    MPI_Errhandler_free(&before);
    if (made != MPI_SUCCESS) {
      window_ = MPI_WIN_NULL;
      return;
    }
    std::memset(memory_, content, bytes);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
    MPI_Barrier(comm);
  }
  ~Window() {
    if (!exists()) return;
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  bool exists() const { return window_ != MPI_WIN_NULL; }
  MPI_Win handle() const { return window_; }
  char* memory() const { return memory_; }

 private:
  MPI_Win window_ = MPI_WIN_NULL;
  std::vector<char> own_;
  char* memory_ = nullptr;
};

/// The mailbox: a message of 64 bytes, then a flag, each in one window of both ranks.
class Mailbox {
 public:
  Mailbox(MPI_Comm comm, int rank, const Window& window)
      : comm_(comm), rank_(rank), window_(window.handle()), memory_(window.memory()) {}
  void send(std::uint64_t number) {
    const int to = 1 - rank_;
    std::memcpy(message_, &number, sizeof number);
    MPI_Put(message_, kMessageBytes, MPI_BYTE, to, 64, kMessageBytes, MPI_BYTE, window_);
    MPI_Win_flush(to, window_);
    std::uint64_t before = 0;
    MPI_Fetch_and_op(&number, &before, MPI_UINT64_T, to, 0, MPI_REPLACE, window_);
    MPI_Win_flush(to, window_);
  }
  bool receive(std::uint64_t number) {
    std::atomic_ref<std::uint64_t> flag(*reinterpret_cast<std::uint64_t*>(memory_));
    for (int spins = 0; flag.load(std::memory_order_acquire) != number; ++spins) {
      if (spins % 256 == 255) make_progress();
    }
    std::uint64_t content;
    std::memcpy(&content, memory_ + 64, sizeof content);
    return content == number;
  }

 private:
  /// Between nodes the other side's accesses may need it, and MPI_Win_sync makes none over UCX.
  void make_progress() {
    int arrived = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, 0, comm_, &arrived, MPI_STATUS_IGNORE);
  }

  MPI_Comm comm_;
  int rank_;
  MPI_Win window_;
  char* memory_;
  char message_[kMessageBytes] = {};
};

/// The best rate of rounds that both ranks take part in, by rank 0's clock. Rounds that take long are done
/// less often, as many on both sides.
template <class Round>
double best_common_rate(MPI_Comm comm, int rank, Round&& round) {
  constexpr int kTrial = 50;
  const auto rounds_a_second = [&](int count) {
    MPI_Barrier(comm);
    const double start = seconds();
    for (int i = 0; i < count; ++i) round();
    MPI_Barrier(comm);
    return count / (seconds() - start);
  };
  int count = static_cast<int>(std::clamp(rounds_a_second(kTrial) * kSeconds, 50.0, 20'000.0));
  MPI_Bcast(&count, 1, MPI_INT, 0, comm);
  double best = 0;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    best = std::max(best, rounds_a_second(count));
  }
  return rank == 0 ? best : 0;
}

double mailbox_rate(MPI_Comm comm, int rank) {
  const Window window(comm, 4096, 0);
  if (!window.exists()) return 0;
  Mailbox mailbox(comm, rank, window);
  std::uint64_t number = 0;
  bool right = true;
  const double rate = best_common_rate(comm, rank, [&] {
    ++number;
    if (rank == 0) mailbox.send(number);
    right = mailbox.receive(number) && right;
    if (rank == 1) mailbox.send(number);
  });
  return right ? rate : 0;
}

double send_recv_rate(MPI_Comm comm, int rank) {
  char message[kMessageBytes] = {};
  return best_common_rate(comm, rank, [&] {
    if (rank == 0) MPI_Send(message, kMessageBytes, MPI_BYTE, 1, 0, comm);
    MPI_Recv(message, kMessageBytes, MPI_BYTE, 1 - rank, 0, comm, MPI_STATUS_IGNORE);
    if (rank == 1) MPI_Send(message, kMessageBytes, MPI_BYTE, 0, 0, comm);
  });
}

double message_rate(MPI_Comm comm, int rank) {
  constexpr int kBatch = 64;
  std::vector<char> messages(kBatch * kMessageBytes);
  std::vector<MPI_Request> requests(kBatch);
  return kBatch * best_common_rate(comm, rank, [&] {
           for (std::size_t i = 0; i < kBatch; ++i) {
             char* at = &messages[i * kMessageBytes];
             if (rank == 0) {
               MPI_Isend(at, kMessageBytes, MPI_BYTE, 1, 0, comm, &requests[i]);
             } else {
               MPI_Irecv(at, kMessageBytes, MPI_BYTE, 0, 0, comm, &requests[i]);
             }
           }
           MPI_Waitall(kBatch, requests.data(), MPI_STATUSES_IGNORE);
         });
}

double group_rate(MPI_Comm comm, int rank) {
  MPI_Group group = MPI_GROUP_NULL;
  MPI_Comm_group(comm, &group);
  int tag = 0;
  const double rate = best_common_rate(comm, rank, [&] {
    MPI_Comm made = MPI_COMM_NULL;
    MPI_Comm_create_group(comm, group, tag++ % 1000, &made);
    MPI_Comm_free(&made);
  });
  MPI_Group_free(&group);
  return rate;
}

/// Memory of rank 1 that rank 0 reads and writes.
class Target {
 public:
  explicit Target(const Window& window) : window_(window.handle()) {}
  void get(char* to, std::size_t bytes) {
    MPI_Get(to, static_cast<int>(bytes), MPI_BYTE, 1, 0, static_cast<int>(bytes), MPI_BYTE, window_);
    MPI_Win_flush(1, window_);
  }
  void put(const char* from, std::size_t bytes) {
    MPI_Put(from, static_cast<int>(bytes), MPI_BYTE, 1, 0, static_cast<int>(bytes), MPI_BYTE, window_);
    MPI_Win_flush(1, window_);
  }

 private:
  MPI_Win window_;
};

/// The best rate of calls of `work` on this rank alone, for a short while; the clock is read after `at_once`.
template <class Work>
double best_rate(int at_once, Work&& work) {
  double best = 0;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    const double start = seconds();
    double now = start;
    int count = 0;
    while (now < start + kSeconds) {
      for (int i = 0; i < at_once; ++i) work();
      count += at_once;
      now = seconds();
    }
    best = std::max(best, count / (now - start));
  }
  return best;
}

/// Waits without a spinning MPI_Barrier, so that those who measure have the cores.
void quiet_barrier(MPI_Comm comm) {
  MPI_Request request;
  MPI_Ibarrier(comm, &request);
  int done = 0;
  while (!done) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (!done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// Rank 0 reads and writes rank 1's memory while rank 1 waits.
void measure_one_sided(MPI_Comm comm, int rank, const Window& window, std::size_t large_bytes,
                       RawFloor& floor) {
  if (!window.exists()) return;
  if (rank == 0) {
    Target target(window);
    std::vector<char> here(large_bytes, 2);
    floor.puts_per_s = best_rate(100, [&] { target.put(here.data(), kMessageBytes); });
    floor.gets_per_s = best_rate(100, [&] { target.get(here.data(), kMessageBytes); });
    const double rate = best_rate(1, [&] { target.get(here.data(), large_bytes); });
    if (here[large_bytes / 2] == 1) floor.get_bytes_per_s = rate * static_cast<double>(large_bytes);
  }
  MPI_Barrier(comm);  // spins: on some networks the target must make progress
}

/// Rank 1 sends, rank 0 receives, into memory that was written before.
double receive_rate(MPI_Comm comm, int rank, std::size_t bytes) {
  std::vector<char> memory(bytes, rank == 1 ? 1 : 2);
  double best = 0;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    MPI_Barrier(comm);
    const double start = seconds();
    if (rank == 1) MPI_Send(memory.data(), static_cast<int>(bytes), MPI_BYTE, 0, 0, comm);
    if (rank == 0) MPI_Recv(memory.data(), static_cast<int>(bytes), MPI_BYTE, 1, 0, comm, MPI_STATUS_IGNORE);
    best = std::max(best, static_cast<double>(bytes) / (seconds() - start));
  }
  return rank == 0 && memory[bytes / 2] == 1 ? best : 0;
}

double memcpy_rate(std::size_t bytes) {
  const std::vector<char> from(bytes, 1);
  std::vector<char> to(bytes, 2);
  const double rate = best_rate(1, [&] { std::memcpy(to.data(), from.data(), bytes); });
  return to[bytes / 2] == 1 ? rate * static_cast<double>(bytes) : 0;
}

}  // namespace

namespace {

/// `measure(comm of the first and the last rank, rank there)` on those two, while the others sleep.
template <class Measure>
void on_both_ends(Measure&& measure) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm pair = MPI_COMM_NULL;
  const bool measures = size > 1 && (rank == 0 || rank == size - 1);
  MPI_Comm_split(MPI_COMM_WORLD, measures ? 0 : MPI_UNDEFINED, rank, &pair);
  if (measures) {
    MPI_Comm_rank(pair, &rank);
    measure(pair, rank);
    MPI_Comm_free(&pair);
  }
  quiet_barrier(MPI_COMM_WORLD);
}

bool is_first() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank == 0;
}

}  // namespace

RawFloor measure_raw_floor(std::size_t large_bytes) {
  RawFloor floor;
  if (is_first()) floor.memcpy_bytes_per_s = memcpy_rate(large_bytes);
  on_both_ends([&](MPI_Comm pair, int rank) {
    floor.mailbox_round_trips_per_s = mailbox_rate(pair, rank);
    floor.send_recv_round_trips_per_s = send_recv_rate(pair, rank);
    floor.messages_per_s = message_rate(pair, rank);
    floor.groups_per_s = group_rate(pair, rank);
    const Window window(pair, rank == 1 ? large_bytes : 0, 1);
    measure_one_sided(pair, rank, window, large_bytes, floor);
  });
  return floor;
}

RawReads measure_raw_reads(std::size_t large_bytes) {
  RawReads reads;
  if (is_first()) reads.memcpy_bytes_per_s = memcpy_rate(large_bytes);
  on_both_ends([&](MPI_Comm pair, int rank) {
    RawFloor floor;
    const Window window(pair, rank == 1 ? large_bytes : 0, 1, Memory::own);  // as the object store's
    measure_one_sided(pair, rank, window, large_bytes, floor);
    reads.get_bytes_per_s = floor.get_bytes_per_s;
    reads.receive_bytes_per_s = receive_rate(pair, rank, large_bytes);
    reads.small_receives_per_s = send_recv_rate(pair, rank);
  });
  return reads;
}

struct RawLink::Ends {
  MPI_Comm pair = MPI_COMM_NULL;
  std::unique_ptr<Window> window;
  std::size_t bytes = 0;
  std::vector<char> from;
  std::unique_ptr<char[]> into[2];
  bool right = true;
};

RawLink::RawLink(int other, std::size_t bytes) : ends_(std::make_unique<Ends>()) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const int members[] = {std::min(rank, other), std::max(rank, other)};
  MPI_Group all = MPI_GROUP_NULL, both = MPI_GROUP_NULL;
  MPI_Comm_group(MPI_COMM_WORLD, &all);
  MPI_Group_incl(all, 2, members, &both);
  MPI_Comm_create_group(MPI_COMM_WORLD, both, 0, &ends_->pair);
  MPI_Group_free(&both);
  MPI_Group_free(&all);
  const bool serves = rank == members[1];
  ends_->bytes = bytes;
  ends_->window = std::make_unique<Window>(ends_->pair, serves ? bytes : 0, 1, Memory::own);
  if (serves) ends_->from.resize(bytes, 1);
}

RawLink::~RawLink() {
  ends_->window.reset();
  MPI_Comm_free(&ends_->pair);
}

bool RawLink::has_window() const {
  return ends_->window->exists();
}

double RawLink::read(bool by_get) {
  std::unique_ptr<char[]>& into = ends_->into[by_get];
  if (!into) into = std::make_unique_for_overwrite<char[]>(ends_->bytes);
  const int count = static_cast<int>(ends_->bytes);
  MPI_Barrier(ends_->pair);
  const double start = seconds();
  if (by_get) {
    Target(*ends_->window).get(into.get(), ends_->bytes);
  } else {
    MPI_Recv(into.get(), count, MPI_BYTE, 1, 0, ends_->pair, MPI_STATUS_IGNORE);
  }
  const double took = seconds() - start;
  MPI_Barrier(ends_->pair);
  for (const std::size_t at : {std::size_t{0}, ends_->bytes / 2, ends_->bytes - 1}) {
    ends_->right = ends_->right && into[at] == 1;
  }
  return took;
}

bool RawLink::serve(bool by_get) {
  MPI_Barrier(ends_->pair);
  if (!by_get) {
    MPI_Send(ends_->from.data(), static_cast<int>(ends_->bytes), MPI_BYTE, 0, 0, ends_->pair);
  }
  MPI_Barrier(ends_->pair);  // spins: on some networks who is read from must make progress
  return true;
}

bool RawLink::right() const {
  return ends_->right;
}

}  // namespace rankine::bench
