// SPDX-License-Identifier: Apache-2.0
// rankine run PROGRAM: starts a program's ranks on this machine or in this Slurm job. It becomes
// slurm/launch.sh, so that signals, the death of ranks and exit codes are the script's business.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

#include <rankine/error.hpp>

#include "command.hpp"
#include "doctor_facts.hpp"
#include "run_command.hpp"

namespace apps {

namespace fs = std::filesystem;

namespace {

/// Beside an installed program or in the tree that it was built in.
std::string launch_script() {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  for (const char* place : {"../share/rankine/slurm/launch.sh", "../../slurm/launch.sh"}) {
    std::error_code none;
    const fs::path script = fs::canonical(here / place, none);
    if (!none) return script.string();
  }
  throw rankine::InputError("rankine: launch.sh is neither in " + (here / "../share/rankine/slurm").string() +
                            " nor in " + (here / "../../slurm").string() +
                            ". Remedy: install Rankine anew, or call slurm/launch.sh yourself");
}

std::vector<std::string> program_in(std::vector<std::string> words) {
  if (!words.empty() && words[0] == "--") {
    words.erase(words.begin());
  } else if (!words.empty() && words[0].starts_with("-")) {
    throw rankine::InputError("rankine: run has no option " + words[0] + ". Remedy: see rankine run --help");
  }
  if (words.empty())
    throw rankine::InputError("rankine: run which program? Remedy: rankine run [-n RANKS] PROGRAM ARGUMENTS");
  return words;
}

[[noreturn]] void become(const RunCommand& command) {
  for (const auto& [name, value] : command.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::cout.flush();
  execvp(words[0], words.data());
  throw rankine::SystemError(std::string("rankine: bash could not be started: ") + std::strerror(errno));
}

}  // namespace

Command add_run(CLI::App& app) {
  const auto wishes = std::make_shared<RunWishes>();
  CLI::App* run =
      app.add_subcommand("run", "PROGRAM ARGUMENTS...: starts its ranks, on this machine or in this job");
  run->add_option("-n,--ranks", wishes->ranks,
                  "ranks, rank 0 included; default: granted CPUs + 1, or the job's")
      ->check(CLI::Range(1, 1000000));
  run->add_option("--run", wishes->folder, "run directory; default: run/PROGRAM, in a job run/PROGRAM-JOBID");
  run->add_option("--launcher", wishes->launcher,
                  "mpirun (default) or srun, which ends with its first dead rank")
      ->check(CLI::IsMember({"mpirun", "srun"}));
  run->add_option("--site", wishes->site, "settings of your site; default: site.conf beside launch.sh");
  run->add_flag("--requeue", wishes->requeue, "goes on in a new round when the run's time was up");
  run->add_flag("--dry-run", wishes->dry_run, "prints the command and does nothing");
  run->prefix_command();  // from the program's name on, words are its own
  run->footer(
      "Ctrl-C ends the run in good order, a second one at once. Exit code: the run's own, from RUN/status;\n"
      "1 it left none, 2 wrong options, 75 stopped early and nothing was kept, 130 a second Ctrl-C.");
  return {run,
          [wishes, run]() -> int {
            wishes->program = program_in(run->remaining());
            become(command_of(*wishes, {.launch = launch_script(),
                                        .root = geteuid() == 0,
                                        .cpus = granted_cpus(),
                                        .in_job = std::getenv("SLURM_JOB_ID") != nullptr}));
          },
          2};
}

}  // namespace apps
