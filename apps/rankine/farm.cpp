// SPDX-License-Identifier: Apache-2.0
// rankine farm: runs a list of shell commands on the ranks of a job, keeps what they printed and how they
// ended, and goes on where an earlier start stopped. What a command is, how it is started and where its
// output goes is in src/farm; here are options and the start of ranks.
#include "apps/rankine/farm.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>

#include <rankine/rankine.hpp>

#include "apps/rankine/command.hpp"
#include "apps/rankine/doctor_facts.hpp"
#include "apps/rankine/start_ranks.hpp"
#include "farm/run_command.hpp"

namespace apps {

namespace farm = rankine::farm;
namespace fs = std::filesystem;

namespace {

std::string host_and_process() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return fmt::format("{}-{}", host, ::getpid());
}

/// 0: as many as launch.sh finds right, which is a rank more than CPUs, or those of the job; fewer where a
/// command wants several CPUs.
int ranks_for(const FarmWishes& wishes) {
  if (wishes.ranks > 0 || std::getenv("SLURM_JOB_ID") != nullptr) return wishes.ranks;
  const int cpus = static_cast<int>(farm::channels_of_process());
  double most = 1;
  if (wishes.file != "-") {
    const farm::CommandList list = read_command_list(wishes);
    for (const farm::Command& command : list.commands) most = std::max(most, list.of(command).cpus);
  }
  if (most <= 1) return 0;
  const int workers = std::max(1, cpus / static_cast<int>(std::ceil(most)));
  ::setenv("RANKINE_CPUS", std::to_string(cpus / workers).c_str(), 0);
  return workers + 1;
}

int run_farm(const CLI::App& app, const FarmWishes& wishes) {
  if (!is_rank())
    return start_ranks(
        {.ranks = ranks_for(wishes), .folder = run_directory(wishes.run), .program = own_command()});
  farm::ServerOptions helper;
  helper.output = fs::absolute(wishes.run.out) / "output" / host_and_process();
  helper.shell = wishes.shell;
  helper.always_shell = wishes.always_shell;
  helper.channels = farm::channels_of_process();
  const farm::ProcessSpawner spawner(helper);  // before MPI: what forks later may harm the network's memory
  return run_parsed(
      app, wishes.run,
      {.depends_on = [] { return "farm"; }, .drive = [&](int ranks) { return drive_farm(wishes, ranks); }});
}

void add_settings(CLI::App& app, FarmWishes& wishes) {
  const auto setting = [&](const std::string& name, const std::string& words) {
    app.add_option_function<std::string>(
        "--" + name,
        [&wishes, name](const std::string& value) { wishes.defaults.push_back(name + "=" + value); }, words);
  };
  setting("cpus", "that each command gets, as #@ cpus=2 in the file says for those below it");
  setting("gpus", "the same: whole devices, or a share such as 0.5");
  setting("memory", "the same: 4G; commands start only where it is left");
  setting("timeout", "of one attempt: 90 (seconds), 10m, 1:30:00");
  setting("retries", "further attempts of a command that failed");
}

}  // namespace

Command add_farm(CLI::App& app) {
  const auto wishes = std::make_shared<FarmWishes>();
  CLI::App* options = app.add_subcommand("farm", "runs a list of shell commands, one a line");
  options->add_option("FILE", wishes->file,
                      "commands, one a line; - for standard input. #@ lines set options");
  options->add_option("-c,--command", wishes->command, "instead of FILE: one command, for --array or --csv");
  auto* array = options->add_option(
      "--array", wishes->array, "1-1000, 0-30:10 or 1,5,7: the command for each, {} and RANKINE_ARRAY_INDEX");
  options->add_option("--csv", wishes->csv, "the command for each row, {column} replaced by the row's value")
      ->excludes(array);
  add_settings(*options, *wishes);
  options
      ->add_option("--kill-after", wishes->kill_after,
                   "seconds from SIGTERM to SIGKILL for what is over its time")
      ->capture_default_str();
  options->add_option("--shell", wishes->shell, "that commands are given to by -c")->capture_default_str();
  options->add_flag("--always-shell", wishes->always_shell,
                    "also for commands that mean the same without one");
  options->add_option("--ranks", wishes->ranks,
                      "without mpirun around it: ranks to start (default: CPUs, and one)");
  add_run_options(*options, wishes->run, "results.csv, results.h5, what commands printed (output/)");
  CLI::App* output =
      options->add_subcommand("output", "what a command printed: rankine farm output RUN LINE");
  output->add_option("RUN", wishes->output_run, "run directory")->required();
  output->add_option("LINE", wishes->output_lines, "numbers of lines, array indices or rows")->required();
  output->add_flag("--errors", wishes->only_errors,
                   "only what it wrote to standard error, to standard output");
  options->footer(
      "Exit code: 0 all succeeded, or stopped before the wall time to be run again; 1 wrong input or a "
      "failed\n"
      "system call, 2 the run could not begin, 3 some commands failed.");
  return {options, [options, output, wishes] {
            if (output->parsed()) return print_output(*wishes);
            return run_farm(*options, *wishes);
          }};
}

}  // namespace apps
