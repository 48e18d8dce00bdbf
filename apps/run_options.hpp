// SPDX-License-Identifier: Apache-2.0
// What the programs that fit many models have in common: the options of a run (folder, wall time, resume) and
// how it begins and ends. What is fitted is not known here.
#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include <rankine/runtime.hpp>

namespace apps {

struct RunOptions {
  std::string out;
  std::string walltime;
  bool resume = false;
  bool fresh = false;
};

/// Where the run's status and journal go: RANKINE_RUN_DIR, else --out.
std::string run_directory(const RunOptions& run);

/// --out, --walltime, --resume and --fresh. `files`: what the program puts into its folder.
void add_run_options(CLI::App& app, RunOptions& run, const std::string& files);

/// A program's own parts of its run.
struct Program {
  std::function<void()> parsed = [] {};          ///< on all ranks, when the options are read
  std::function<std::string()> depends_on = {};  ///< a journal of another one is refused
  std::function<int(int ranks)> drive = {};      ///< on rank 0; returns the exit code
};

/// Reads the options, runs the driver, says what was wrong with the input; the exit code.
int run_program(int argc, char** argv, CLI::App& app, const RunOptions& run, const Program& program);

/// The same once the options are read, by a program that reads them itself; `app` has its name.
int run_parsed(const CLI::App& app, const RunOptions& run, const Program& program);

}  // namespace apps
