// SPDX-License-Identifier: Apache-2.0
#include "run_options.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

#include <rankine/rankine.hpp>

namespace apps {

namespace rk = rankine;

namespace {

/// Empty, or what is wrong with it.
std::string is_walltime(const std::string& text) {
  try {
    rk::parse_walltime(text);
    return {};
  } catch (const rk::InputError& error) {
    return error.what();
  }
}

/// `--data "$DATA"` with a variable that is not set is a mistake, not the default.
void refuse_empty_values(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const auto& values = option->results();
    if (values.size() == 1 && values.front().empty() && option->get_name() != "--prompt")
      throw CLI::ValidationError(option->get_name(), "its value is empty");
  }
}

/// The run directory, if there is one. Else a folder of the program's own, as `rankine run` takes: another
/// program's results in it would be lost.
std::string usual_folder(const CLI::App& app) {
  const char* const run = std::getenv("RANKINE_RUN_DIR");
  return run != nullptr && *run != '\0' ? run : "run/" + app.get_name();
}

/// What the runtime needs to know before it starts.
rk::RuntimeOptions runtime_options(const RunOptions& run, const std::string& depends_on) {
  rk::RuntimeOptions options;
  options.run_directory = run_directory(run);
  options.resume = run.resume ? rk::Resume::required : run.fresh ? rk::Resume::fresh : rk::Resume::automatic;
  options.depends_on = depends_on;
  if (!run.walltime.empty()) options.walltime = rk::parse_walltime(run.walltime);
  return options;
}

int drive(const CLI::App& app, const Program& program, int ranks) {
  try {
    return program.drive(ranks);
  } catch (const rk::InputError& error) {
    std::cerr << app.get_name() << ": " << error.what() << '\n';
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << app.get_name() << ": --out: " << error.what() << '\n';
  }
  return 1;
}

}  // namespace

std::string run_directory(const RunOptions& run) {
  const char* const named = std::getenv("RANKINE_RUN_DIR");
  return named != nullptr ? named : run.out;
}

void add_run_options(CLI::App& app, RunOptions& run, const std::string& files) {
  run.out = usual_folder(app);
  app.add_option("--out", run.out,
                 "folder for " + files +
                     " and, unless RANKINE_RUN_DIR names another one, for the run's status and journal; made "
                     "if it is not there")
      ->capture_default_str();
  app.add_option("--walltime", run.walltime,
                 "how long the run may take: 90 (seconds), 30m, 1:30:00 (default: as Slurm says)")
      ->check(is_walltime);
  auto* resume = app.add_flag("--resume", run.resume,
                              "go on from the journal in the run's folder, which must be there (default: "
                              "where one of the same options is there and its run did not finish)");
  app.add_flag("--fresh", run.fresh, "start over; a journal that is there is moved aside")->excludes(resume);
}

int run_program(int argc, char** argv, CLI::App& app, const RunOptions& run, const Program& program) {
  std::optional<CLI::ParseError> wrong;  // all ranks read the options, one says what is wrong with them
  try {
    app.parse(argc, argv);
    refuse_empty_values(app);
    program.parsed();
  } catch (const CLI::ParseError& error) {
    wrong = error;
  }
  rk::Runtime runtime(argc, argv, wrong ? rk::RuntimeOptions{} : runtime_options(run, program.depends_on()));
  return runtime.run([&] {
    if (wrong) return app.exit(*wrong) == 0 ? 0 : 1;
    return drive(app, program, runtime.size());
  });
}

int run_parsed(const CLI::App& app, const RunOptions& run, const Program& program) {
  rk::Runtime runtime(runtime_options(run, program.depends_on()));
  return runtime.run([&] { return drive(app, program, runtime.size()); });
}

}  // namespace apps
