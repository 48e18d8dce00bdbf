// SPDX-License-Identifier: Apache-2.0
#include "metg_raw.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include <mpi.h>

#include "metg_managed.hpp"
#include "metg_point.hpp"
#include "metg_static.hpp"
#include "suite.hpp"

namespace rankine::bench {

namespace {

enum class Do : std::int32_t { leave, peak, managed, blocks };

struct Order {
  Do what = Do::leave;
  std::int32_t with_rank_0 = 0;
  TaskGraph graph = {};
  std::int64_t iterations = 0;
};

int rank_here() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

/// Sleeps while it waits: who has nothing to do leaves the cores to the others.
void wait_asleep(MPI_Request& request) {
  for (int done = 0; done == 0;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done == 0) std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

/// Iterations a second of all computing ranks together; valid on rank 0.
double compute_together(bool computes, std::int64_t iterations) {
  double rate = 0;
  if (computes) {
    const double start = now_s();
    const bool right = compute(iterations) > 0;
    rate = right ? static_cast<double>(iterations) / (now_s() - start) : 0;
  }
  double sum = 0;
  MPI_Request request;
  MPI_Ireduce(&rate, &sum, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD, &request);
  wait_asleep(request);
  return sum;
}

/// Everybody has the order and is awake.
void agree_on(Order& order) {
  MPI_Request request;
  MPI_Ibcast(&order, sizeof order, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
  wait_asleep(request);
  MPI_Barrier(MPI_COMM_WORLD);
}

}  // namespace

RawRanks::RawRanks() = default;

RawRanks::~RawRanks() {
  Order order;
  agree_on(order);
}

Peak RawRanks::peak(bool with_rank_0, int cpus, double at_least_seconds) {
  constexpr int kRepetitions = 5;
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const int computing = with_rank_0 ? ranks : ranks - 1;
  Peak peak{std::min(computing, cpus), 0};
  std::int64_t iterations = 100'000;
  const double start = now_s();
  compute(iterations);
  iterations = static_cast<std::int64_t>(static_cast<double>(iterations) * at_least_seconds /
                                         (kRepetitions * (now_s() - start)));
  for (int i = 0; i < kRepetitions; ++i) {
    Order order{Do::peak, with_rank_0, {}, iterations};
    agree_on(order);
    peak.iterations_per_s = std::max(peak.iterations_per_s, compute_together(with_rank_0, iterations));
  }
  return peak;
}

Measured RawRanks::run_managed(const TaskGraph& graph, std::int64_t iterations) {
  Order order{Do::managed, 0, graph, iterations};
  agree_on(order);
  return {manage(graph, iterations), graph.tasks()};
}

Measured RawRanks::run_static(const TaskGraph& graph, std::int64_t iterations) {
  Order order{Do::blocks, 1, graph, iterations};
  agree_on(order);
  return {run_blocks(graph, iterations), graph.tasks()};
}

void serve_raw() {
  for (;;) {
    Order order;
    agree_on(order);
    switch (order.what) {
      case Do::leave:
        return;
      case Do::peak:
        compute_together(order.with_rank_0 != 0 || rank_here() > 0, order.iterations);
        break;
      case Do::managed:
        work_for_manager(order.graph, order.iterations);
        break;
      case Do::blocks:
        run_blocks(order.graph, order.iterations);
        break;
    }
  }
}

}  // namespace rankine::bench
