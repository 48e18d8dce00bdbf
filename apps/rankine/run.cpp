// SPDX-License-Identifier: Apache-2.0
// rankine run PROGRAM: starts a program's ranks on this machine or in this Slurm job.
#include <memory>
#include <string>
#include <vector>

#include <rankine/error.hpp>

#include "command.hpp"
#include "start_ranks.hpp"

namespace apps {

namespace {

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
          [wishes, run] {
            wishes->program = program_in(run->remaining());
            return start_ranks(*wishes);
          },
          2};
}

}  // namespace apps
