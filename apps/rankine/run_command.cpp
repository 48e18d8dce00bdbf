// SPDX-License-Identifier: Apache-2.0
#include "run_command.hpp"

namespace apps {

RunCommand command_of(const RunWishes& wishes, const RunFacts& facts) {
  RunCommand command;
  std::vector<std::string>& words = command.words;
  words = {"bash", facts.launch};
  if (!facts.in_job) {
    // Rank 0 sleeps while the others work, so one rank more than CPUs is right.
    words.insert(words.end(), {"--local", std::to_string(wishes.ranks > 0 ? wishes.ranks : facts.cpus + 1)});
  } else if (wishes.ranks > 0) {
    command.environment.emplace_back("SLURM_NTASKS", std::to_string(wishes.ranks));
  }
  for (const auto& [option, value] :
       {std::pair{"--run", wishes.folder}, {"--launcher", wishes.launcher}, {"--site", wishes.site}})
    if (!value.empty()) words.insert(words.end(), {option, value});
  if (wishes.requeue) words.emplace_back("--requeue");
  if (wishes.dry_run) words.emplace_back("--dry-run");
  words.emplace_back("--");
  words.insert(words.end(), wishes.program.begin(), wishes.program.end());
  if (facts.root) {
    command.environment.emplace_back("OMPI_ALLOW_RUN_AS_ROOT", "1");
    command.environment.emplace_back("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
  }
  return command;
}

}  // namespace apps
