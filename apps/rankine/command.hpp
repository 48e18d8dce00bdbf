// SPDX-License-Identifier: Apache-2.0
// The subcommands of `rankine`: each declares its options and says what runs it. One file a subcommand; what
// they have in common is only this.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace apps {

struct Command {
  CLI::App* options = nullptr;
  std::function<int()> run;  ///< once the options are read; the exit code. May throw rankine::Error.
  int wrong = 1;             ///< exit code of wrong options or input
};

Command add_completion(CLI::App& app);  ///< after all others
Command add_doctor(CLI::App& app);
Command add_journal(CLI::App& app);
Command add_new(CLI::App& app);
Command add_report(CLI::App& app);
Command add_status(CLI::App& app);
Command add_trace(CLI::App& app);
Command add_run(CLI::App& app);
Command add_simulate(CLI::App& app);
Command add_farm(CLI::App& app);
Command add_explain(CLI::App& app);

inline constexpr int kTrouble = 3;  ///< exit code: it could be read, or done, up to a place only

}  // namespace apps
