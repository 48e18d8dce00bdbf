// SPDX-License-Identifier: Apache-2.0
// Runs a recorded program on a pretended cluster, in virtual time, with the very scheduler of real runs: its
// events and commands travel through a model of the network, and rank 0 is a server that takes its time for
// each message. Ranks do not die, memory does not run short, actors' calls and gangs are left out. Equal
// arguments give equal answers.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "simulate/script.hpp"

namespace rankine::simulate {

/// Time on rank 0 and on the way. The defaults were measured with two ranks on two cores (bench/README.md).
struct Costs {
  Nanoseconds event = 100;     ///< the scheduler, for each event it is given
  Nanoseconds message = 100;   ///< reading or writing a message on rank 0
  Nanoseconds element = 20;    ///< each further element of a map in a message or a delivery
  Nanoseconds submit = 150;    ///< a submission by the driver, beside its event
  Nanoseconds worker = 500;    ///< of the worker for each piece
  Nanoseconds latency = 2000;  ///< between nodes
  Nanoseconds near = 500;      ///< within a node
  double bandwidth = 10e9;     ///< between nodes, bytes a second
  double message_rate = 5e6;   ///< messages a second that rank 0 can send and receive together
};

struct Cluster {
  std::uint32_t ranks = 2;
  std::uint32_t nodes = 1;
  scheduler::Resources worker;
};

struct Wishes {
  std::uint32_t scale = 1;  ///< times the tasks: maps so much longer, so many copies of all else
  std::uint64_t seed = 0;   ///< of the durations of copies, drawn from those of their kind
  /// Called now and then with tasks that ended, of all.
  std::function<void(std::uint64_t, std::uint64_t)> progress;
};

struct Outcome {
  double makespan = 0;       ///< seconds
  double task_seconds = 0;   ///< of work in all tasks, times the cpus they hold
  double efficiency = 0;     ///< of the workers' cpus
  double head_use = 0;       ///< part of the makespan that rank 0 had something to do
  double head_per_task = 0;  ///< seconds
  double limit_ranks = 0;    ///< ranks at which rank 0 would have something to do all the time
  std::uint64_t tasks = 0;
  std::uint64_t ended = 0;
  std::uint64_t failed = 0;    ///< could not be placed, or depends on one
  std::uint64_t events = 0;    ///< the scheduler was given
  std::uint64_t messages = 0;  ///< that rank 0 sent and received
  std::uint64_t pieces = 0;
  std::uint64_t scheduler_bytes = 0;  ///< of its tables, at the end
};

/// Throws InputError for a cluster without workers.
Outcome simulate(const Program& program, const Cluster& cluster, const Costs& costs, const Wishes& wishes);

}  // namespace rankine::simulate
