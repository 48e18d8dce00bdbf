// SPDX-License-Identifier: Apache-2.0
// From what the user asked and what was granted to the call of slurm/launch.sh, which knows how ranks are
// started, watched and stopped, and what the exit code is. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace apps {

struct RunWishes {
  int ranks = 0;              ///< 0: as granted
  std::string folder = {};    ///< of the run; empty: launch.sh's choice
  std::string launcher = {};  ///< mpirun or srun; empty: mpirun
  std::string site = {};      ///< file of settings; empty: launch.sh's choice
  bool requeue = false;
  bool dry_run = false;
  std::vector<std::string> program = {};  ///< and its arguments
};

struct RunFacts {
  std::string launch;  ///< launch.sh
  bool root = false;
  int cpus = 1;         ///< that were granted on this machine
  bool in_job = false;  ///< part of a Slurm job
};

struct RunCommand {
  std::vector<std::string> words;
  std::vector<std::pair<std::string, std::string>> environment;  ///< set before
};

RunCommand command_of(const RunWishes& wishes, const RunFacts& facts);

}  // namespace apps
