// SPDX-License-Identifier: Apache-2.0
// Commands of a farm as a task: handed to the helper process of the rank that the task runs on.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "farm/spawn_messages.hpp"
#include "farm/spawner.hpp"

namespace rankine::farm {

/// What is to be known of a command besides its text. Travels as it is.
struct CommandOrder {
  std::uint64_t id = 0;
  std::uint64_t key = 0;
  std::uint32_t attempt = 1;
  bool indexed = false;  ///< the id is an array index
  Nanoseconds timeout = 0;
  Nanoseconds grace = 0;
};

/// How it ended; the end of its error stream, or what kept it from running.
using CommandResult = std::pair<Ending, std::string>;

/// Of each command in turn; the name of the output file that has what they printed, without its ending; the
/// host.
using BatchResult = std::tuple<std::vector<CommandResult>, std::string, std::string>;

/// The task: runs the commands one after another until `budget` is over (0: all), see Spawner::run. Throws
/// TaskCancelled when it was stopped because the run ends.
BatchResult run_commands(const std::vector<CommandOrder>& orders, const std::vector<std::string>& commands,
                         Nanoseconds budget);

/// The helper that run_commands uses: one a process, because it is forked from the process before MPI begins.
/// Lives while one of these does.
class ProcessSpawner {
 public:
  explicit ProcessSpawner(const ServerOptions& options);
  ~ProcessSpawner();
  ProcessSpawner(const ProcessSpawner&) = delete;
  ProcessSpawner& operator=(const ProcessSpawner&) = delete;

 private:
  Spawner spawner_;
};

/// How many commands this process can be asked to run at once: its CPUs.
std::size_t channels_of_process();

}  // namespace rankine::farm
