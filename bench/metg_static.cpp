// SPDX-License-Identifier: Apache-2.0
#include "metg_static.hpp"

#include <cstddef>
#include <utility>
#include <vector>

#include <mpi.h>

#include "metg_point.hpp"

namespace rankine::bench {

namespace {

constexpr int kTag = 8;

/// The columns whose values go to or come from one rank before a step.
struct Exchange {
  int rank = 0;
  std::vector<std::int32_t> columns;
  std::vector<Value> values = {};
};
struct Plan {
  std::vector<Exchange> sends;
  std::vector<Exchange> receives;
};

class Blocks {
 public:
  explicit Blocks(const TaskGraph& graph) : graph_(graph), edges_(graph) {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks_);
    before_.resize(static_cast<std::size_t>(graph.width));
    now_.resize(before_.size());
    for (std::size_t table = 0; table < edges_.tables(); ++table) plans_.push_back(plan(table));
  }

  void run(std::int64_t iterations) {
    std::vector<Value> inputs;
    for (std::int32_t step = 0; step < graph_.steps; ++step) {
      exchange(plans_[edges_.table_of(step)]);
      for (std::int32_t column = 0; column < graph_.width_at(step); ++column) {
        if (owner(column) != rank_) continue;
        inputs.clear();
        for (const std::int32_t from : edges_.inputs_of(step, column)) inputs.push_back(value(before_, from));
        value(now_, column) = run_point({graph_, step, column, iterations}, inputs);
      }
      std::swap(before_, now_);
    }
  }

 private:
  int owner(std::int32_t column) const { return column * ranks_ / graph_.width; }
  static Value& value(std::vector<Value>& of, std::int32_t column) {
    return of[static_cast<std::size_t>(column)];
  }

  /// The columns of `from` that columns of `to` take in a step of that table.
  Exchange between(std::size_t table, int from, int to, int other) const {
    std::vector<bool> needed(before_.size());
    const auto step = static_cast<std::int32_t>(table);  // the first one with these edges
    for (std::int32_t column = 0; column < graph_.width_at(step); ++column) {
      if (owner(column) != to) continue;
      for (const std::int32_t input : edges_.inputs_of(step, column))
        needed[static_cast<std::size_t>(input)] = true;
    }
    Exchange exchange{other, {}};
    for (std::int32_t column = 0; column < graph_.width; ++column) {
      if (needed[static_cast<std::size_t>(column)] && owner(column) == from)
        exchange.columns.push_back(column);
    }
    exchange.values.resize(exchange.columns.size());
    return exchange;
  }

  Plan plan(std::size_t table) const {
    Plan plan;
    for (int other = 0; other < ranks_; ++other) {
      if (other == rank_) continue;
      Exchange out = between(table, rank_, other, other);
      Exchange in = between(table, other, rank_, other);
      if (!out.columns.empty()) plan.sends.push_back(std::move(out));
      if (!in.columns.empty()) plan.receives.push_back(std::move(in));
    }
    return plan;
  }

  void exchange(Plan& plan) {
    requests_.clear();
    for (Exchange& in : plan.receives) {
      MPI_Irecv(in.values.data(), static_cast<int>(in.values.size() * sizeof(Value)), MPI_BYTE, in.rank, kTag,
                MPI_COMM_WORLD, &requests_.emplace_back());
    }
    for (Exchange& out : plan.sends) {
      for (std::size_t i = 0; i < out.columns.size(); ++i) out.values[i] = value(before_, out.columns[i]);
      MPI_Isend(out.values.data(), static_cast<int>(out.values.size() * sizeof(Value)), MPI_BYTE, out.rank,
                kTag, MPI_COMM_WORLD, &requests_.emplace_back());
    }
    MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
    for (const Exchange& in : plan.receives) {
      for (std::size_t i = 0; i < in.columns.size(); ++i) value(before_, in.columns[i]) = in.values[i];
    }
  }

  TaskGraph graph_;
  Edges edges_;
  int rank_ = 0;
  int ranks_ = 1;
  std::vector<Plan> plans_;    ///< by table of edges
  std::vector<Value> before_;  ///< of the last step: what this rank owns or was sent
  std::vector<Value> now_;
  std::vector<MPI_Request> requests_;
};

}  // namespace

double run_blocks(const TaskGraph& graph, std::int64_t iterations) {
  Blocks blocks(graph);
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  blocks.run(iterations);
  MPI_Barrier(MPI_COMM_WORLD);
  return MPI_Wtime() - start;
}

}  // namespace rankine::bench
