// SPDX-License-Identifier: Apache-2.0
#include <rankine/simulate.hpp>

#include <algorithm>

#include <rankine/core/error.hpp>

#include "simulate/simulation.hpp"
#include "trace/recording.hpp"

namespace rankine {

namespace {

constexpr int kRanksOfNode = 64;

Nanoseconds nanoseconds(double seconds) {
  return static_cast<Nanoseconds>(seconds * 1e9);
}

void refuse_if(bool wrong, const char* what) {
  if (wrong) throw InputError(std::string("rankine: simulate: ") + what);
}

void check_machine(const SimulatedMachine& machine) {
  refuse_if(machine.ranks < 2, "there must be 2 ranks or more: rank 0 runs no tasks");
  refuse_if(machine.ranks > 10'000'000, "there can be 10,000,000 ranks at most");
  refuse_if(machine.nodes < 0 || machine.nodes > machine.ranks, "there are more nodes than ranks");
  refuse_if(machine.scale < 1, "the scale must be 1 or more");
  refuse_if(!(machine.latency >= 0) || machine.latency > 1, "the latency is in seconds, up to 1");
  refuse_if(!(machine.bandwidth > 0), "the bandwidth is in bytes a second, above 0");
  refuse_if(!(machine.message_rate > 0), "the message rate is in messages a second, above 0");
  refuse_if(!(machine.event_cost >= 0) || machine.event_cost > 1, "the cost of an event is in seconds");
  refuse_if(!(machine.message_cost >= 0) || machine.message_cost > 1, "the cost of a message is in seconds");
  refuse_if(!(machine.cpus >= 0), "a rank cannot have less than 0 cpus");
}

}  // namespace

struct RecordedRun::State {
  simulate::Program program;
  double seconds = 0;
  std::string remarks;
};

RecordedRun::RecordedRun(const std::string& run) : state_(std::make_unique<State>()) {
  const trace::Recording recording = trace::read_recording(run);
  state_->program = simulate::make_program(recording);
  state_->seconds = static_cast<double>(recording.length()) * 1e-9;
  std::string& remarks = state_->remarks;
  const simulate::Program& program = state_->program;
  if (!recording.trouble.empty()) remarks += recording.path + ": " + recording.trouble + "\n";
  if (recording.end && recording.end->left_out > 0)
    remarks += std::to_string(recording.end->left_out) + " records were left out of the trace\n";
  if (program.gangs > 0) remarks += std::to_string(program.gangs) + " gangs are not simulated\n";
  if (program.unrecorded > 0)
    remarks += std::to_string(program.unrecorded) +
               " tasks did not run to their end in the recorded run: they take no time\n";
}
RecordedRun::RecordedRun(RecordedRun&&) noexcept = default;
RecordedRun::~RecordedRun() = default;

int RecordedRun::ranks() const {
  return static_cast<int>(state_->program.ranks);
}
std::uint64_t RecordedRun::tasks() const {
  return state_->program.tasks();
}
double RecordedRun::seconds() const {
  return state_->seconds;
}
std::string RecordedRun::remarks() const {
  return state_->remarks;
}

Prediction RecordedRun::predict(const SimulatedMachine& machine,
                                const std::function<void(std::uint64_t, std::uint64_t)>& progress) const {
  check_machine(machine);
  simulate::Cluster cluster;
  cluster.ranks = static_cast<std::uint32_t>(machine.ranks);
  const int nodes = machine.nodes > 0 ? machine.nodes : (machine.ranks + kRanksOfNode - 1) / kRanksOfNode;
  cluster.nodes = static_cast<std::uint32_t>(nodes);
  cluster.worker = state_->program.worker;
  if (machine.cpus > 0) cluster.worker.cpus = Amount(machine.cpus);
  simulate::Costs costs;
  costs.event = nanoseconds(machine.event_cost);
  costs.message = nanoseconds(machine.message_cost);
  costs.latency = nanoseconds(machine.latency);
  costs.near = std::min(costs.near, costs.latency);
  costs.bandwidth = machine.bandwidth;
  costs.message_rate = machine.message_rate;
  const simulate::Wishes wishes{static_cast<std::uint32_t>(machine.scale), machine.seed, progress};
  const simulate::Outcome outcome = simulate::simulate(state_->program, cluster, costs, wishes);
  Prediction prediction;
  prediction.seconds = outcome.makespan;
  prediction.efficiency = outcome.efficiency;
  prediction.head_use = outcome.head_use;
  prediction.head_per_task = outcome.head_per_task;
  prediction.limit_ranks = outcome.limit_ranks;
  prediction.task_seconds = outcome.task_seconds;
  prediction.tasks = outcome.tasks;
  prediction.failed = outcome.failed;
  prediction.pieces = outcome.pieces;
  prediction.events = outcome.events;
  prediction.messages = outcome.messages;
  prediction.head_bytes = outcome.scheduler_bytes;
  return prediction;
}

}  // namespace rankine
