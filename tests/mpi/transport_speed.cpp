// SPDX-License-Identifier: Apache-2.0
// How fast the transports are beside raw MPI, in one program: mpirun -n 2 PROGRAM. Round trips of a 64-byte
// message between two ranks that poll: raw one-sided (put, flush, fetch_and_op, flush), raw two-sided (send,
// receive), and both back ends through append, flush, poll; then the rate of batched 64-byte messages,
// checked by number; then a poll of 4,096 flags and the waking of a sleeper. Where MPI makes no window
// between the ranks, two-sided alone. Fails when a message is wrong; how long they take is not judged, since
// other programs may have the cores.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <exception>
#include <vector>

#include <mpi.h>
#include <unistd.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "transport/loopback.hpp"
#include "transport/p2p.hpp"
#include "transport/rma.hpp"
#include "transport_node.hpp"

namespace {

using namespace rankine;

constexpr std::size_t kMessageBytes = 64;
constexpr Nanoseconds kRoundTime = 20 * kMillisecond;  // about; sets how many trips a round has
constexpr int kRounds = 9;                             // the median of these is reported

struct Summary {
  double min;
  double median;
  double max;
};

Summary summarise(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

class Counter final : public transport::MailSink {
 public:
  void deliver(Rank, std::span<const std::byte> message) override {
    std::uint64_t n = 0;
    std::memcpy(&n, message.data(), sizeof n);
    if (n != expected_ || message.size() != kMessageBytes) wrong_ = true;
    ++expected_;
  }
  std::uint64_t count() const { return expected_; }
  bool wrong() const { return wrong_; }

 private:
  std::uint64_t expected_ = 0;
  bool wrong_ = false;
};

void send(transport::Transport& mail, Rank to, std::uint64_t n) {
  const std::span<std::byte> space = mail.append(to, kMessageBytes);
  std::memcpy(space.data(), &n, sizeof n);
  std::memset(space.data() + sizeof n, 0, kMessageBytes - sizeof n);
}

/// Microseconds a round trip of plain sends and receives.
double raw_two_sided_us(int rank, int trips) {
  const int other = 1 - rank;
  std::byte payload[kMessageBytes] = {};
  const Time start = now();
  for (int trip = 0; trip < trips; ++trip) {
    if (rank == 1) MPI_Recv(payload, kMessageBytes, MPI_BYTE, other, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(payload, kMessageBytes, MPI_BYTE, other, 0, MPI_COMM_WORLD);
    if (rank == 0) MPI_Recv(payload, kMessageBytes, MPI_BYTE, other, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  return static_cast<double>(now() - start) * 1e-3 / trips;
}

/// Waits for a word that the other rank stores, with the progress that some networks want.
void await(std::atomic_ref<std::uint64_t> flag, std::uint64_t value) {
  for (int looks = 1; flag.load(std::memory_order_acquire) < value; ++looks) {
    int arrived = 0;
    if (looks % 64 == 0) MPI_Iprobe(MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &arrived, MPI_STATUS_IGNORE);
  }
}

/// Microseconds a round trip of a mailbox in a window: payload by put, then a flag, as plainly as MPI allows.
double raw_one_sided_us(int rank, int trips) {
  std::byte* base = nullptr;
  MPI_Win window = MPI_WIN_NULL;
  MPI_Win_allocate(4096, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &window);
  std::memset(base, 0, 4096);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window);
  MPI_Barrier(MPI_COMM_WORLD);
  std::atomic_ref<std::uint64_t> flag(*reinterpret_cast<std::uint64_t*>(base));
  const int other = 1 - rank;
  std::byte payload[kMessageBytes] = {};
  const Time start = now();
  for (int trip = 1; trip <= trips; ++trip) {
    const auto value = static_cast<std::uint64_t>(trip);
    std::uint64_t before = 0;
    if (rank == 1) await(flag, value);
    MPI_Put(payload, kMessageBytes, MPI_BYTE, other, 64, kMessageBytes, MPI_BYTE, window);
    MPI_Win_flush(other, window);
    MPI_Fetch_and_op(&value, &before, MPI_UINT64_T, other, 0, MPI_REPLACE, window);
    MPI_Win_flush(other, window);
    if (rank == 0) await(flag, value);
  }
  const double us = static_cast<double>(now() - start) * 1e-3 / trips;
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Win_unlock_all(window);
  MPI_Win_free(&window);
  return us;
}

/// Microseconds a round trip through the transport; with `asleep` both sides sleep until the bell rings
/// instead of polling.
double round_trip_us(transport::Transport& mail, int trips, bool asleep, bool& right) {
  const int rank = index(mail.rank());
  const Rank other{1 - rank};
  Counter counter;
  const Time start = now();
  for (int trip = 0; trip < trips; ++trip) {
    const auto n = static_cast<std::uint64_t>(trip);
    const auto receive = [&] {
      while (counter.count() <= n) {
        if (mail.poll(counter) == 0 && asleep) mail.sleep(kSecond);
      }
    };
    if (rank == 1) receive();
    send(mail, other, n);
    mail.flush();
    if (rank == 0) receive();
  }
  if (counter.wrong()) right = false;
  return static_cast<double>(now() - start) * 1e-3 / trips;
}

/// Messages a second from rank 0 to rank 1, `batch` to a flush.
double message_rate(transport::Transport& mail, int messages, int batch, bool& right) {
  Counter counter;
  MPI_Barrier(MPI_COMM_WORLD);
  const Time start = now();
  if (mail.rank() == kHead) {
    for (int n = 0; n < messages; ++n) {
      send(mail, Rank{1}, static_cast<std::uint64_t>(n));
      if ((n + 1) % batch != 0) continue;
      mail.flush();
      while (mail.queued_bytes() > 0) mail.poll(counter);
    }
    mail.flush();
    while (mail.queued_bytes() > 0) mail.poll(counter);
  } else {
    while (counter.count() < static_cast<std::uint64_t>(messages)) mail.poll(counter);
    if (counter.wrong()) right = false;
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return messages / seconds_since(start);
}

/// Microseconds of a poll that looks at the flags of 4,096 senders and finds nothing.
double empty_poll_us() {
  transport::LoopbackHub hub(4097, {.ring_bytes_min = 256, .ring_bytes_max = 256, .spare_rings_max = 0});
  const auto head = hub.endpoint(kHead);
  Counter counter;
  constexpr int kPolls = 1000;
  const Time start = now();
  for (int i = 0; i < kPolls; ++i) head->poll(counter);
  return static_cast<double>(now() - start) * 1e-3 / kPolls;
}

/// A number of trips that fills a round, equal on both ranks.
template <class Measure>
int trips_of_a_round(Measure&& measure) {
  constexpr int kFirst = 10;
  measure(kFirst);  // connects
  const double us = measure(kFirst);
  int trips = static_cast<int>(std::clamp(static_cast<double>(kRoundTime) * 1e-3 / us, 10.0, 20'000.0));
  MPI_Bcast(&trips, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return trips;
}

template <class Measure>
Summary rounds_us(Measure&& measure) {
  const int trips = trips_of_a_round(measure);
  std::vector<double> us;
  for (int round = 0; round < kRounds; ++round) {
    MPI_Barrier(MPI_COMM_WORLD);
    us.push_back(measure(trips));
  }
  return summarise(us);
}

void print_trips(int rank, const char* name, const Summary& us) {
  if (rank != 0) return;
  std::printf("round trip of %-13s us: min %.3f median %.3f max %.3f\n", name, us.min, us.median, us.max);
}

void print_rates(transport::Transport& mail, const char* name, int messages, bool& right) {
  for (const int batch : {1, 8, 32, 128}) {
    std::vector<double> all;
    for (int round = 0; round < 5; ++round) all.push_back(message_rate(mail, messages, batch, right));
    const Summary rate = summarise(all);
    if (mail.rank() != kHead) continue;
    std::printf("%s, 64 B messages, %3d a flush: median %.2f M/s, max %.2f M/s\n", name, batch,
                rate.median * 1e-6, rate.max * 1e-6);
  }
}

/// False if messages were wrong.
bool measure_one(transport::Transport& mail, const char* name) {
  const int rank = index(mail.rank());
  bool right = true;
  const Summary us = rounds_us([&](int trips) { return round_trip_us(mail, trips, false, right); });
  print_trips(rank, name, us);
  // A round of messages takes about as long as a thousand round trips in the worst case.
  const int messages = us.median > 20 ? 1 << 14 : 1 << 20;
  int agreed = messages;
  MPI_Bcast(&agreed, 1, MPI_INT, 0, MPI_COMM_WORLD);
  print_rates(mail, name, agreed, right);
  const double asleep_us = round_trip_us(mail, agreed > 1 << 14 ? 2000 : 50, true, right);
  if (rank == 0) std::printf("%s, round trip with both asleep: %.1f us\n", name, asleep_us);
  if (!right) std::fprintf(stderr, "rank %d: messages by %s were wrong\n", rank, name);
  mail.close(true);
  return right;
}

int measure() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const transport_test::NodeDoorbells node(MPI_COMM_WORLD);
  const Summary two_sided = rounds_us([rank](int trips) { return raw_two_sided_us(rank, trips); });
  print_trips(rank, "raw two-sided", two_sided);
  const auto p2p = transport::make_p2p_transport(MPI_COMM_WORLD, node.doorbells());
  bool good = measure_one(*p2p, "p2p");
  try {
    const auto rma = transport::make_rma_transport(MPI_COMM_WORLD, node.doorbells());
    const Summary one_sided = rounds_us([rank](int trips) { return raw_one_sided_us(rank, trips); });
    print_trips(rank, "raw one-sided", one_sided);
    good = measure_one(*rma, "rma") && good;
  } catch (const SystemError& error) {
    if (rank == 0) std::printf("no one-sided messaging here: %s\n", error.what());
  }
  if (rank == 0) std::printf("poll of 4,096 flags: %.2f us\n", empty_poll_us());
  int failed = good ? 0 : 1;
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  int granted = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &granted);
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  alarm(120);
  int result = 2;
  try {
    if (ranks == 2) {
      result = measure();
    } else {
      std::fprintf(stderr, "this measures two ranks: mpirun -n 2\n");
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return result;
}
