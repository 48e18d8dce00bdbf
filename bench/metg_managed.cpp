// SPDX-License-Identifier: Apache-2.0
#include "metg_managed.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include <mpi.h>
#include <sched.h>

#include "metg_point.hpp"
#include "suite.hpp"

namespace rankine::bench {

namespace {

constexpr std::size_t kBatchTasks = 16;
/// Below Open MPI's eager limit, so that sending never waits for the receiver.
constexpr std::size_t kBatchBytes = 3072;
constexpr std::int32_t kBatchesOnTheirWay = 2;
constexpr int kTag = 7;

/// In a batch, before the values of its inputs. A batch of no bytes means that all is done.
struct Item {
  std::int32_t step = 0;
  std::int32_t column = 0;
  std::uint64_t inputs = 0;
};

class Manager {
 public:
  Manager(const TaskGraph& graph, int ranks)
      : graph_(graph), edges_(graph), workers_(static_cast<std::size_t>(ranks) - 1) {
    values_.resize(static_cast<std::size_t>(graph.steps) * static_cast<std::size_t>(graph.width));
    missing_.resize(values_.size());
    for (std::int32_t step = 0; step < graph.steps; ++step) {
      for (std::int32_t column = 0; column < graph.width_at(step); ++column) {
        const std::size_t inputs = edges_.inputs_of(step, column).size();
        missing_[at(step, column)] = static_cast<std::uint8_t>(inputs);
        if (inputs == 0) ready_.push_back({step, column, 0});
      }
    }
    batch_.reserve(kBatchBytes);
    requests_.resize(workers_.size());
    for (std::size_t i = 0; i < workers_.size(); ++i) listen_to(i);
  }

  void run() {
    std::vector<int> which(workers_.size());
    std::vector<MPI_Status> statuses(workers_.size());
    for (std::int64_t left = graph_.tasks(); left > 0;) {
      feed();
      int came = 0;
      MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &came, which.data(),
                   statuses.data());
      if (came == 0) sched_yield();
      for (int i = 0; i < came; ++i) {
        const auto worker = static_cast<std::size_t>(which[static_cast<std::size_t>(i)]);
        int bytes = 0;
        MPI_Get_count(&statuses[static_cast<std::size_t>(i)], MPI_BYTE, &bytes);
        const auto count = static_cast<std::size_t>(bytes) / sizeof(Value);
        for (std::size_t v = 0; v < count; ++v) take(workers_[worker].results[v]);
        left -= static_cast<std::int64_t>(count);
        --workers_[worker].batches;
        listen_to(worker);
      }
    }
  }

  void dismiss() {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      MPI_Cancel(&requests_[i]);
      MPI_Wait(&requests_[i], MPI_STATUS_IGNORE);
      MPI_Send(nullptr, 0, MPI_BYTE, static_cast<int>(i) + 1, kTag, MPI_COMM_WORLD);
    }
  }

  void verify(double work) const {
    for (std::int32_t step = 0; step < graph_.steps; ++step) {
      for (std::int32_t column = 0; column < graph_.width_at(step); ++column) {
        if (values_[at(step, column)] != Value{step, column, work})
          throw WrongResult("the manager has a wrong value");
      }
    }
  }

 private:
  struct Worker {
    std::int32_t batches = 0;
    Value results[kBatchTasks];
  };

  std::size_t at(std::int32_t step, std::int32_t column) const {
    return static_cast<std::size_t>(step) * static_cast<std::size_t>(graph_.width) +
           static_cast<std::size_t>(column);
  }
  void listen_to(std::size_t worker) {
    MPI_Irecv(workers_[worker].results, sizeof(Worker::results), MPI_BYTE, static_cast<int>(worker) + 1, kTag,
              MPI_COMM_WORLD, &requests_[worker]);
  }

  /// Batches to all who have fewer than they should, a fair part of what is ready each.
  void feed() {
    for (std::int32_t had = 0; had < kBatchesOnTheirWay; ++had) {
      for (std::size_t i = 0; i < workers_.size() && next_ < ready_.size(); ++i) {
        if (workers_[i].batches == had) send_batch(i);
      }
    }
  }

  void send_batch(std::size_t worker) {
    const std::size_t ready = ready_.size() - next_;
    const std::size_t fair = std::max<std::size_t>(1, ready / (workers_.size() * kBatchesOnTheirWay));
    batch_.clear();
    for (std::size_t i = 0; i < std::min(fair, kBatchTasks); ++i) {
      Item item = ready_[next_];
      const Columns& inputs = edges_.inputs_of(item.step, item.column);
      item.inputs = inputs.size();
      if (batch_.size() + sizeof item + inputs.size() * sizeof(Value) > kBatchBytes) break;
      append(item);
      for (const std::int32_t column : inputs) append(values_[at(item.step - 1, column)]);
      ++next_;
    }
    ++workers_[worker].batches;
    MPI_Send(batch_.data(), static_cast<int>(batch_.size()), MPI_BYTE, static_cast<int>(worker) + 1, kTag,
             MPI_COMM_WORLD);
  }

  template <class T>
  void append(const T& record) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&record);
    batch_.insert(batch_.end(), bytes, bytes + sizeof record);
  }

  void take(const Value& value) {
    values_[at(value.step, value.column)] = value;
    if (value.step + 1 == graph_.steps) return;
    for (const std::int32_t column : edges_.dependants_of(value.step, value.column)) {
      if (--missing_[at(value.step + 1, column)] == 0) ready_.push_back({value.step + 1, column, 0});
    }
  }

  TaskGraph graph_;
  Edges edges_;
  std::vector<Worker> workers_;
  std::vector<MPI_Request> requests_;  ///< of what each worker will answer
  std::vector<Value> values_;
  std::vector<std::uint8_t> missing_;  ///< inputs that a point still waits for
  std::vector<Item> ready_;            ///< in the order of becoming so
  std::size_t next_ = 0;               ///< of ready_, not sent yet
  std::vector<std::byte> batch_;
};

}  // namespace

double manage(const TaskGraph& graph, std::int64_t iterations) {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  Manager manager(graph, ranks);
  const double work = compute(iterations);
  const double start = now_s();
  manager.run();
  const double took = now_s() - start;
  manager.dismiss();
  manager.verify(work);
  return took;
}

void work_for_manager(const TaskGraph& graph, std::int64_t iterations) {
  std::vector<std::byte> batch(kBatchBytes);
  std::vector<Value> inputs(kWidthMax);
  std::vector<Value> results;
  for (;;) {
    MPI_Status status;
    MPI_Recv(batch.data(), static_cast<int>(batch.size()), MPI_BYTE, 0, kTag, MPI_COMM_WORLD, &status);
    int bytes = 0;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    if (bytes == 0) return;
    results.clear();
    for (std::size_t at = 0; at < static_cast<std::size_t>(bytes);) {
      Item item;
      std::memcpy(&item, &batch[at], sizeof item);
      at += sizeof item;
      std::memcpy(inputs.data(), batch.data() + at, item.inputs * sizeof(Value));
      at += item.inputs * sizeof(Value);
      results.push_back(run_point({graph, item.step, item.column, iterations}, {inputs.data(), item.inputs}));
    }
    MPI_Send(results.data(), static_cast<int>(results.size() * sizeof(Value)), MPI_BYTE, 0, kTag,
             MPI_COMM_WORLD);
  }
}

}  // namespace rankine::bench
