// SPDX-License-Identifier: Apache-2.0
// What rankine run hands to launch.sh: ranks from what was granted, root's variables, the program's own
// words.
#include <catch.hpp>

#include "rankine/run_command.hpp"

namespace apps {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("on a machine there is one rank more than CPUs, unless the user says otherwise") {
  RunWishes wishes;
  wishes.program = {"hello", "--n", "3"};
  const RunFacts facts{.launch = "/l/launch.sh", .cpus = 4};
  CHECK(command_of(wishes, facts).words ==
        Words{"bash", "/l/launch.sh", "--local", "5", "--", "hello", "--n", "3"});
  CHECK(command_of(wishes, facts).environment.empty());
  wishes.ranks = 2;
  wishes.folder = "out";
  wishes.dry_run = wishes.requeue = true;
  CHECK(command_of(wishes, facts).words == Words{"bash", "/l/launch.sh", "--local", "2", "--run", "out",
                                                 "--requeue", "--dry-run", "--", "hello", "--n", "3"});
}

TEST_CASE("in a job the job's ranks are started, or as many of it as the user says") {
  RunWishes wishes;
  wishes.program = {"hello"};
  wishes.launcher = "srun";
  const RunFacts facts{.launch = "launch.sh", .cpus = 4, .in_job = true};
  CHECK(command_of(wishes, facts).words == Words{"bash", "launch.sh", "--launcher", "srun", "--", "hello"});
  wishes.ranks = 7;
  const RunCommand some = command_of(wishes, facts);
  CHECK(some.words == Words{"bash", "launch.sh", "--launcher", "srun", "--", "hello"});
  REQUIRE(some.environment.size() == 1);
  CHECK(some.environment[0] == std::pair<std::string, std::string>("SLURM_NTASKS", "7"));
}

TEST_CASE("root gets the variables without which mpirun refuses") {
  RunWishes wishes;
  wishes.program = {"hello"};
  const RunCommand command = command_of(wishes, {.launch = "launch.sh", .root = true});
  REQUIRE(command.environment.size() == 2);
  CHECK(command.environment[0].first == "OMPI_ALLOW_RUN_AS_ROOT");
  CHECK(command.environment[1].first == "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM");
}

}  // namespace
}  // namespace apps
