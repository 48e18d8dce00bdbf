// SPDX-License-Identifier: Apache-2.0
// rankine: what a user does with runs from outside. `rankine --help` lists the subcommands; each stands in a
// file of its own beside this one. Needs no mpirun.
#include <iostream>
#include <vector>

#include <CLI/CLI.hpp>

#include <rankine/error.hpp>

#include "command.hpp"

int main(int argc, char** argv) {
  CLI::App app("Runs programs of Rankine and looks at their runs.", "rankine");
  app.require_subcommand(1);
  app.footer(
      "rankine COMMAND --help says more, with its exit codes. In all of them 0 is well, 1 or 2 wrong input, "
      "and 3\n"
      "that it could be done up to a place only.");
  const std::vector<apps::Command> commands{
      apps::add_run(app),      apps::add_status(app), apps::add_report(app),     apps::add_explain(app),
      apps::add_doctor(app),   apps::add_new(app),    apps::add_journal(app),    apps::add_trace(app),
      apps::add_simulate(app), apps::add_farm(app),   apps::add_completion(app),
  };
  const apps::Command* chosen = nullptr;
  const auto choose = [&] {
    for (const apps::Command& command : commands)
      if (command.options->parsed()) chosen = &command;
    return chosen != nullptr ? chosen->wrong : 1;
  };
  try {
    app.parse(argc, argv);
    choose();
    return chosen->run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : choose();
  } catch (const rankine::Error& error) {
    std::cerr << error.what() << '\n';
  }
  return choose();
}
