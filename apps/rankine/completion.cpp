// SPDX-License-Identifier: Apache-2.0
// rankine completion: what bash has to know to complete `rankine`, made of the very options that are parsed.
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "command.hpp"

namespace apps {

namespace {

std::string options_of(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  return words;
}

int print_completion(const CLI::App& app) {
  std::string names;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += command->get_name() + " ";
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), options_of(*command));
  }
  std::cout << fmt::format(R"(_rankine() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "{}--help" -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}}
complete -F _rankine rankine
)",
                           names, cases);
  return 0;
}

}  // namespace

Command add_completion(CLI::App& app) {
  CLI::App* completion = app.add_subcommand("completion", "for bash: eval \"$(rankine completion)\"");
  completion->footer("Put that line into ~/.bashrc. Exit code: 0.");
  return {completion, [&app] { return print_completion(app); }};
}

}  // namespace apps
