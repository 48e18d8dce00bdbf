// SPDX-License-Identifier: Apache-2.0
#include "farm/run_command.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <rankine/rankine.hpp>

namespace rankine::farm {

namespace {

/// A task is a plain function, which finds what its process has here; see ProcessSpawner, who alone sets it.
Spawner*& process_spawner() {
  static Spawner* spawner = nullptr;
  return spawner;
}

/// The devices that the task holds, as a CUDA program of its own counts them.
std::string visible_devices(const std::vector<std::int32_t>& ids) {
  std::vector<std::string_view> mine;  // of this process
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES"); visible != nullptr) {
    for (std::string_view rest = visible; !rest.empty();) {
      mine.push_back(rest.substr(0, rest.find(',')));
      rest.remove_prefix(std::min(rest.size(), mine.back().size() + 1));
    }
  }
  std::string text;
  for (const std::int32_t id : ids) {
    const auto k = static_cast<std::size_t>(id);
    if (!text.empty()) text += ',';
    text += k < mine.size() ? std::string(mine[k]) : std::to_string(id);
  }
  return text;
}

std::vector<std::string> variables_of(const CommandOrder& order) {
  std::vector<std::string> variables{fmt::format("RANKINE_LINE={}", order.id),
                                     fmt::format("RANKINE_ATTEMPT={}", order.attempt)};
  if (order.indexed) variables.push_back(fmt::format("RANKINE_ARRAY_INDEX={}", order.id));
  const Granted granted = resources();
  const int cpus = std::max(1, static_cast<int>(granted.cpus));
  variables.push_back(fmt::format("RANKINE_CPUS={}", cpus));
  if (std::getenv("OMP_NUM_THREADS") == nullptr) variables.push_back(fmt::format("OMP_NUM_THREADS={}", cpus));
  if (!granted.gpu_ids.empty())
    variables.push_back("CUDA_VISIBLE_DEVICES=" + visible_devices(granted.gpu_ids));
  return variables;
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

BatchResult run_commands(const std::vector<CommandOrder>& orders, const std::vector<std::string>& commands,
                         Nanoseconds budget) {
  Spawner* spawner = process_spawner();
  if (spawner == nullptr) throw Error("rankine: this process has no helper to start commands");
  std::vector<SpawnRequest> requests;
  for (std::size_t k = 0; k < orders.size(); ++k) {
    const CommandOrder& order = orders[k];
    requests.push_back(
        {commands[k], variables_of(order), order.id, order.key, order.attempt, order.timeout, order.grace});
  }
  try {
    std::vector<CommandResult> results;
    for (Spawned& spawned : spawner->run(requests, budget, [] { return cancelled(); })) {
      if (spawned.ending.stopped) throw TaskCancelled("rankine: the command was stopped: the run ends");
      results.emplace_back(spawned.ending, std::move(spawned.text));
    }
    return {std::move(results), spawner->output().filename().string(), host_name()};
  } catch (const SystemError& error) {
    // A rank that can start nothing would fail every command that comes: it is better off dead.
    std::fprintf(stderr, "%s; its rank ends, what it ran runs elsewhere\n", error.what());
    std::raise(SIGKILL);
    throw;
  }
}

ProcessSpawner::ProcessSpawner(const ServerOptions& options) : spawner_(options) {
  process_spawner() = &spawner_;
}

ProcessSpawner::~ProcessSpawner() {
  process_spawner() = nullptr;
}

std::size_t channels_of_process() {
  constexpr std::size_t most = 1024;
  cpu_set_t set;
  CPU_ZERO(&set);
  std::size_t cpus = 1;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) cpus = static_cast<std::size_t>(CPU_COUNT(&set));
  if (const char* wished = std::getenv("RANKINE_CPUS"); wished != nullptr)
    cpus = std::max(cpus, static_cast<std::size_t>(std::max(0, std::atoi(wished))));
  return std::clamp<std::size_t>(cpus, 1, most);
}

}  // namespace rankine::farm
