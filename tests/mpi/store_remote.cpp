// SPDX-License-Identifier: Apache-2.0
// Objects are read from another rank's arena by MPI_Get. Every rank plays a node of its own with an arena of
// its own, so that one machine suffices; the target of the last read computes and makes no MPI call
// meanwhile.
#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "store/rma_reader.hpp"
#include "store/store.hpp"

namespace {

using namespace rankine;

constexpr std::size_t kArenaBytes = std::size_t{48} << 20;
constexpr std::size_t kSizes[] = {1, 70'001, std::size_t{33} << 20};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "store_remote: %s\n", what);
  MPI_Abort(MPI_COMM_WORLD, 1);
  std::abort();
}

std::byte expected(int rank, std::size_t which, std::size_t i) {
  return static_cast<std::byte>((i * 31 + which * 7 + static_cast<std::size_t>(rank) * 101 + (i >> 12)) &
                                0xff);
}

/// An object and where it lies while `pin` holds it.
struct Placed {
  Location location;
  std::uint64_t offset = 0;
};

Placed put(Store& store, int rank, std::size_t which, std::vector<Pin>& pins) {
  Reservation reservation = store.create(kSizes[which]);
  for (std::size_t i = 0; i < kSizes[which]; ++i) reservation.data()[i] = expected(rank, which, i);
  const Location location = store.seal(std::move(reservation));
  pins.push_back(store.pin(location));
  return {location, pins.back().offset()};
}

void fetch_and_verify(Store& store, const Placed& placed, int rank, std::size_t which) {
  std::vector<std::byte> into(placed.location.bytes);
  if (store.has_remote_reader()) {
    store.read_remote(placed.location.node, placed.offset, into);
  } else {
    store.read(placed.location, into);
  }
  bool equal = into.size() == kSizes[which];
  for (std::size_t i = 0; equal && i < into.size(); ++i) equal = into[i] == expected(rank, which, i);
  require(equal, "the bytes read are not the bytes written");
}

/// About a second of work without a call of MPI.
double compute() {
  double x = 1;
  for (int i = 1; i < 100'000'000; ++i) x += 1.0 / (static_cast<double>(i) * x);
  return x;
}

void run(int rank, int ranks) {
  Arena arena(Segment::create(kArenaBytes), 0);
  arena.segment().unlink();
  arena.preallocate();
  std::vector<int> targets(static_cast<std::size_t>(ranks));
  std::iota(targets.begin(), targets.end(), 0);
  // A single rank is a single node, which makes no window (Open MPI offers none for it either).
  std::unique_ptr<RmaReader> reader;
  if (ranks > 1) reader = std::make_unique<RmaReader>(MPI_COMM_WORLD, arena.memory(), targets);
  Store store(std::move(arena), NodeId{rank}, std::move(reader));

  std::vector<Pin> pins;
  std::vector<Placed> mine;
  for (std::size_t which = 0; which < std::size(kSizes); ++which)
    mine.push_back(put(store, rank, which, pins));
  std::vector<Placed> all(static_cast<std::size_t>(ranks) * mine.size());
  const int bytes = static_cast<int>(mine.size() * sizeof(Placed));
  MPI_Allgather(mine.data(), bytes, MPI_BYTE, all.data(), bytes, MPI_BYTE,
                MPI_COMM_WORLD);  // also: all have sealed
  for (int other = 0; other < ranks; ++other) {
    for (std::size_t which = 0; which < mine.size(); ++which) {
      const Placed& placed = all[static_cast<std::size_t>(other) * mine.size() + which];
      require(placed.location.node == NodeId{other}, "a location names another node");
      fetch_and_verify(store, placed, other, which);
    }
  }
  // The odd ranks compute while the even ones read from them: the read must end, with or without their help.
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank % 2 == 1) {
    require(compute() > 1, "computing");
  } else if (rank + 1 < ranks) {
    const double start = MPI_Wtime();
    fetch_and_verify(store, all[static_cast<std::size_t>(rank + 1) * mine.size() + 2], rank + 1, 2);
    std::printf("{\"measure\": \"fetch and verify 33 MiB from a rank that computes\", \"seconds\": %.4f}\n",
                MPI_Wtime() - start);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  pins.clear();
  for (const Placed& placed : mine) store.release(placed.location);
  require(store.live() == 0, "an object is left");
  bool refused = false;
  try {
    std::byte one;
    store.read_remote(NodeId{ranks}, 1 << 22, {&one, 1});
  } catch (const Error&) {  // StoreError with one rank, SystemError with more
    refused = true;
  }
  require(refused, "a node that does not exist was read");
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  try {
    run(rank, ranks);
  } catch (const std::exception& error) {
    require(false, error.what());
  }
  MPI_Finalize();
  return 0;
}
