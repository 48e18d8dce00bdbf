// SPDX-License-Identifier: Apache-2.0
// rankine: what a user does with runs from outside. `rankine --help` lists the subcommands; each stands in a
// file of its own beside this one. Needs no mpirun.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <rankine/error.hpp>

#include "command.hpp"

namespace {

/// The first word, where it is neither --help nor a command.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  const auto is_it = [&](const CLI::App* command) { return command->get_name() == word; };
  const auto all = app.get_subcommands([](const CLI::App*) { return true; });
  const bool known =
      word.empty() || word == "-h" || word == "--help" || std::any_of(all.begin(), all.end(), is_it);
  return known ? std::string() : word;
}

/// Runs that lie below the folder that was named, where it is none itself: `rankine run` gives each program a
/// folder of its own.
std::string runs_below(const CLI::App& command) {
  namespace fs = std::filesystem;
  std::string found;
  for (const char* name : {"RUN", "--trace"}) {
    const CLI::Option* option = command.get_option_no_throw(name);
    if (option == nullptr || option->count() == 0) continue;
    const fs::path folder = option->results().front();
    std::error_code none;
    if (!fs::is_directory(folder, none) || fs::exists(folder / "status", none)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
      if (!fs::exists(entry.path() / "status", none)) continue;
      found += (found.empty() ? "" : ", ") + entry.path().string();
    }
  }
  return found;
}

}  // namespace

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
  if (const std::string wrong = unknown_command(app, argc, argv); !wrong.empty()) {
    std::cerr << "rankine: there is no command " << wrong << ". Remedy: rankine --help lists them\n";
    return 1;
  }
  if (argc < 2) return std::cerr << app.help(), 1;
  try {
    app.parse(argc, argv);
    choose();
    return chosen->run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : choose();
  } catch (const rankine::Error& error) {
    std::cerr << error.what() << '\n';
    if (const std::string runs = chosen ? runs_below(*chosen->options) : ""; !runs.empty())
      std::cerr << "rankine: there are runs in " << runs << '\n';
  }
  return choose();
}
