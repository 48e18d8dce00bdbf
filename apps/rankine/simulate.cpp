// SPDX-License-Identifier: Apache-2.0
// rankine simulate: how long a recorded run would take on other numbers of ranks. Changes nothing.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/simulate.hpp>

#include "command.hpp"

namespace apps {

namespace rk = rankine;

namespace {

struct SimulateWishes {
  std::string run;
  std::vector<int> ranks;
  rk::SimulatedMachine machine;
  bool json = false;
};

/// A line on standard error every second, for what takes long.
class Progress {
 public:
  explicit Progress(int ranks) : ranks_(ranks) {}
  void operator()(std::uint64_t ended, std::uint64_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (now - said_ < std::chrono::seconds(1)) return;
    said_ = now;
    std::cerr << fmt::format("{} ranks: {} of {} tasks\n", ranks_, ended, all);
  }

 private:
  int ranks_;
  std::chrono::steady_clock::time_point said_ = std::chrono::steady_clock::now();
};

nlohmann::ordered_json json_of(int ranks, const rk::Prediction& prediction) {
  nlohmann::ordered_json json;
  json["ranks"] = ranks;
  json["seconds"] = prediction.seconds;
  json["efficiency"] = prediction.efficiency;
  json["head_use"] = prediction.head_use;
  json["head_seconds_per_task"] = prediction.head_per_task;
  json["head_limit_ranks"] = prediction.limit_ranks;
  json["task_seconds"] = prediction.task_seconds;
  json["tasks"] = prediction.tasks;
  json["failed"] = prediction.failed;
  json["pieces"] = prediction.pieces;
  json["events"] = prediction.events;
  json["messages"] = prediction.messages;
  json["head_bytes"] = prediction.head_bytes;
  return json;
}

int print_simulation(const SimulateWishes& wishes) {
  const rk::RecordedRun run(wishes.run);
  std::cerr << run.remarks();
  if (!wishes.json) {
    std::cout << fmt::format("recorded: {} tasks on {} ranks in {:.3f} s\n", run.tasks(), run.ranks(),
                             run.seconds());
    std::cout << fmt::format("{:>9} {:>12} {:>11} {:>10} {:>14} {:>18}\n", "ranks", "seconds", "efficiency",
                             "head busy", "head us/task", "head limits from");
  }
  std::uint64_t failed = 0;
  for (const int ranks : wishes.ranks) {
    rk::SimulatedMachine machine = wishes.machine;
    machine.ranks = ranks;
    const rk::Prediction prediction = run.predict(machine, Progress(ranks));
    failed += prediction.failed;
    if (wishes.json) {
      std::cout << json_of(ranks, prediction).dump() << '\n';
      continue;
    }
    std::cout << fmt::format("{:>9} {:>12.4f} {:>10.1f}% {:>9.1f}% {:>14.3f} {:>12.0f} ranks\n", ranks,
                             prediction.seconds, 100 * prediction.efficiency, 100 * prediction.head_use,
                             1e6 * prediction.head_per_task, prediction.limit_ranks);
  }
  if (failed == 0) return 0;
  std::cerr << fmt::format("{} tasks could not run: no worker can hold them, or what they depend on\n",
                           failed);
  return kTrouble;
}

}  // namespace

Command add_simulate(CLI::App& app) {
  const auto wishes = std::make_shared<SimulateWishes>();
  CLI::App* simulate = app.add_subcommand("simulate", "how long a recorded run would take on other ranks");
  simulate->add_option("--trace", wishes->run, "run directory, or a trace")->required();
  simulate->add_option("--ranks", wishes->ranks, "numbers of ranks, rank 0 included: 2,8,64,512,4096")
      ->required()
      ->delimiter(',');
  rk::SimulatedMachine& machine = wishes->machine;
  simulate->add_option("--nodes", machine.nodes, "nodes; default: one for each 64 ranks");
  simulate->add_option("--cpus", machine.cpus, "cpus of each rank; default: as recorded");
  simulate->add_option("--latency", machine.latency, "of a message between nodes, seconds")
      ->capture_default_str();
  simulate->add_option("--bandwidth", machine.bandwidth, "between nodes, bytes a second")
      ->capture_default_str();
  simulate->add_option("--message-rate", machine.message_rate, "that rank 0 can send, messages a second")
      ->capture_default_str();
  simulate->add_option("--event-cost", machine.event_cost, "of the scheduler for each event, seconds")
      ->capture_default_str();
  simulate->add_option("--message-cost", machine.message_cost, "of rank 0 for each message, seconds")
      ->capture_default_str();
  simulate->add_option("--scale", machine.scale, "so many times the tasks")->capture_default_str();
  simulate->add_option("--seed", machine.seed, "of how long the further tasks take")->capture_default_str();
  simulate->add_flag("--json", wishes->json, "a line of JSON for each number of ranks");
  simulate->footer(
      "The driver's waits, tasks that submit tasks, dependencies, resources and priorities are followed;\n"
      "actors' calls and gangs are not. Exit code: 0, 2 a wrong option or no trace, 3 tasks could not run.");
  return {simulate, [wishes] { return print_simulation(*wishes); }, 2};
}

}  // namespace apps
