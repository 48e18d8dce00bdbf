// SPDX-License-Identifier: Apache-2.0
// rankine farm: runs a list of shell commands on the ranks of a job, keeps what they printed and how they
// ended, and goes on where an earlier start stopped. What a command is, how it is started and where its
// output goes is in src/farm; here are options, the loop of rank 0 and the report.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/core/clock.hpp>
#include <rankine/many_models/progress.hpp>
#include <rankine/rankine.hpp>

#include "apps/rankine/command.hpp"
#include "apps/rankine/doctor_facts.hpp"
#include "apps/rankine/start_ranks.hpp"
#include "apps/run_options.hpp"
#include "farm/command_list.hpp"
#include "farm/outcome.hpp"
#include "farm/output_store.hpp"
#include "farm/run_command.hpp"
#include "files/csv.hpp"

namespace apps {

namespace rk = rankine;
namespace farm = rankine::farm;
namespace fs = std::filesystem;

namespace {

constexpr int kSomeFailed = 3;

struct Wishes {
  std::string file;
  std::string command;
  std::string array;
  std::string csv;
  std::vector<std::string> defaults;  ///< name=value
  std::string kill_after = "5";
  std::string shell = "/bin/sh";
  bool always_shell = false;
  int ranks = 0;
  RunOptions run;
  std::string output_run;
  std::vector<std::uint64_t> output_lines;
  bool only_errors = false;
};

// ---- the list of commands ----

std::string read_all(const std::string& file) {
  if (file != "-") return rk::files::read_text(file);
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

farm::Settings defaults_of(const Wishes& wishes) {
  farm::Settings settings;
  for (const std::string& words : wishes.defaults) farm::apply_all(settings, words);
  return settings;
}

farm::CommandList read_list(const Wishes& wishes) {
  if (wishes.file.empty() == wishes.command.empty())
    throw rk::InputError("farm: name a file of commands (- for standard input), or one by --command");
  const std::string name = wishes.file.empty()  ? "--command"
                           : wishes.file == "-" ? "standard input"
                                                : wishes.file;
  const std::string text = wishes.file.empty() ? wishes.command : read_all(wishes.file);
  farm::CommandList list = farm::parse_commands(text, name, defaults_of(wishes));
  if (!wishes.array.empty()) return farm::make_array(list, farm::parse_indices(wishes.array));
  if (!wishes.csv.empty()) return farm::make_rows(list, read_all(wishes.csv), wishes.csv);
  return list;
}

// ---- the run directory ----

/// Which key each line has: what `rankine farm output` goes by.
void write_lines(const fs::path& run, const farm::CommandList& list) {
  std::ofstream file(run / "lines.partial", std::ios::binary);
  for (const farm::Command& command : list.commands) {
    const std::uint64_t pair[] = {command.id, command.key};
    file.write(reinterpret_cast<const char*>(pair), sizeof pair);
  }
  file.close();
  if (!file)
    throw rk::SystemError(fmt::format("rankine: {} could not be written", (run / "lines.partial").string()));
  fs::rename(run / "lines.partial", run / "lines");
}

std::map<std::uint64_t, std::uint64_t> read_lines(const fs::path& run) {
  std::ifstream file(run / "lines", std::ios::binary);
  if (!file) throw rk::InputError(fmt::format("farm: {} is no run directory of a farm", run.string()));
  std::map<std::uint64_t, std::uint64_t> lines;
  std::uint64_t pair[2];
  while (file.read(reinterpret_cast<char*>(pair), sizeof pair)) lines[pair[0]] = pair[1];
  return lines;
}

/// Where a new run begins, outputs of the one before are put aside.
void begin_directory(const fs::path& run, const farm::CommandList& list) {
  if (!rk::load_state<int>("farm")) {
    if (fs::exists(run / "output")) {
      fs::remove_all(run / "output.old");
      fs::rename(run / "output", run / "output.old");
    }
    rk::save_state("farm", 1);
  }
  fs::create_directories(run / "output");
  write_lines(run, list);
}

// ---- the loop ----

/// What is kept of a command that succeeded.
using Done = std::tuple<farm::Ending, std::uint32_t, std::string, std::string>;

class Loop {
 public:
  Loop(const farm::CommandList& list, rk::Nanoseconds grace)
      : list_(list), grace_(grace), outcomes_(list.commands.size()), lost_(list.commands.size()) {}

  /// Until every command has ended for good. Throws rk::Drained when the time of the run is over.
  void run() {
    take_what_is_done();
    rk::ProgressLine progress("commands", list_.commands.size(), true);
    ended_ = count(outcomes_).resumed;
    for (refill(); !flying_.empty(); refill()) {
      try {
        take_ended();
      } catch (const rk::Drained&) {
        take_ready();
        progress.show(ended_, true);
        progress.leave();
        throw;
      }
      if (progress.due(rk::draining())) progress.show(ended_, rk::draining());
    }
    if (ended_ == list_.commands.size()) progress.done(ended_);
    progress.leave();
  }

  const std::vector<farm::Outcome>& outcomes() const { return outcomes_; }

 private:
  /// Commands that ask for the same: a window of each is submitted, so that those that wait for what is rare
  /// do not keep the others back.
  struct Class {
    rk::Options options;
    std::deque<std::size_t> waiting;
    std::size_t flying = 0;
  };
  struct Flying {
    std::size_t command;
    Class* kind;
  };

  static std::string name_of(const farm::Command& command) {
    return fmt::format("line {:016x}", command.key);
  }

  static std::string kind_of(const farm::Settings& settings) {
    std::string kind =
        fmt::format("{} {} {} {}", settings.priority, settings.cpus, settings.gpus, settings.memory_bytes);
    for (const auto& [name, amount] : settings.custom) kind += fmt::format(" {} {}", name, amount);
    return kind;
  }

  static rk::Options options_of(const farm::Settings& settings) {
    rk::Options options;
    options.cpus = settings.cpus;
    options.gpus = settings.gpus;
    options.memory_bytes = settings.memory_bytes;
    options.custom = settings.custom;
    options.priority = settings.priority;
    options.name = "command";
    return options;
  }

  void take_what_is_done() {
    for (std::size_t k = 0; k < list_.commands.size(); ++k) {
      const farm::Command& command = list_.commands[k];
      if (const auto done = rk::load_state<Done>(name_of(command))) {
        farm::Outcome& outcome = outcomes_[k];
        outcome.state = farm::State::succeeded;
        outcome.resumed = true;
        std::tie(outcome.ending, outcome.attempts, outcome.where, outcome.host) = *done;
        continue;
      }
      Class& kind = classes_[kind_of(list_.of(command))];
      if (kind.waiting.empty()) kind.options = options_of(list_.of(command));
      kind.waiting.push_back(k);
    }
    window_ = 256 + 64 * static_cast<std::size_t>(rk::statistics().workers);
  }

  void refill() {
    if (rk::draining() && !flying_.empty()) return;
    for (auto& [name, kind] : classes_) {
      while (!kind.waiting.empty() && kind.flying < window_) {
        const std::size_t k = kind.waiting.front();
        kind.waiting.pop_front();
        submit(k, kind);
      }
    }
  }

  void submit(std::size_t k, Class& kind) {
    const farm::Command& command = list_.commands[k];
    const farm::Settings& settings = list_.of(command);
    farm::CommandOrder order{command.id,
                             command.key,
                             outcomes_[k].attempts + 1,
                             list_.indexed,
                             static_cast<rk::Nanoseconds>(settings.timeout_s * 1e9),
                             grace_};
    futures_.push_back(rk::submit<farm::run_command>(kind.options, order, command.text));
    flying_.push_back({k, &kind});
    ++kind.flying;
  }

  void take_ended() {
    std::vector<std::uint32_t> ended = rk::wait(futures_, 1, std::chrono::milliseconds(200));
    std::sort(ended.rbegin(), ended.rend());  // from behind, so that the others keep their places
    for (const std::uint32_t i : ended) take(i);
  }

  void take_ready() {
    for (std::size_t i = futures_.size(); i-- > 0;)
      if (futures_[i].ready()) take(i);
  }

  void take(std::size_t i) {
    const Flying flown = flying_[i];
    const rk::Future<farm::CommandResult> future = futures_[i];
    flying_[i] = flying_.back();
    flying_.pop_back();
    futures_[i] = futures_.back();
    futures_.pop_back();
    --flown.kind->flying;
    farm::Outcome& outcome = outcomes_[flown.command];
    try {
      std::tie(outcome.ending, outcome.text, outcome.where, outcome.host) = future.get();
    } catch (const rk::Drained&) {
      return;
    } catch (const rk::WorkerDied& error) {
      if (++lost_[flown.command] < kLostMax) return flown.kind->waiting.push_back(flown.command);
      fail(outcome, error);
    } catch (const rk::Error& error) {
      if (rk::draining()) return;
      fail(outcome, error);
    }
    ++outcome.attempts;
    settle(flown, outcome);
  }

  static void fail(farm::Outcome& outcome, const rk::Error& error) {
    outcome.ending = {};
    outcome.ending.in_trouble = true;
    outcome.text = error.what();
  }

  void settle(const Flying& flown, farm::Outcome& outcome) {
    const farm::Command& command = list_.commands[flown.command];
    if (outcome.ending.good()) {
      outcome.state = farm::State::succeeded;
      outcome.text.clear();
      rk::save_state(name_of(command), Done{outcome.ending, outcome.attempts, outcome.where, outcome.host});
      ++ended_;
      return;
    }
    outcome.state = farm::State::failed;
    if (static_cast<std::int32_t>(outcome.attempts) <= list_.of(command).retries) {
      flown.kind->waiting.push_back(flown.command);
    } else {
      ++ended_;
    }
  }

  /// Times that a command may be lost with its ranks, three of them each time.
  static constexpr std::uint8_t kLostMax = 3;

  const farm::CommandList& list_;
  rk::Nanoseconds grace_;
  std::size_t window_ = 0;
  std::vector<farm::Outcome> outcomes_;
  std::vector<std::uint8_t> lost_;
  std::map<std::string, Class> classes_;
  std::vector<rk::Future<farm::CommandResult>> futures_;
  std::vector<Flying> flying_;  ///< beside them
  std::uint64_t ended_ = 0;
};

// ---- the report ----

void report(const Wishes& wishes, const farm::CommandList& list, const std::vector<farm::Outcome>& outcomes,
            int ranks, double seconds, bool stopped) {
  constexpr std::size_t failures_shown = 20;
  const fs::path run = wishes.run.out;
  const farm::Counts counts = farm::count(outcomes);
  farm::write_csv(run / "results.csv", list, outcomes);
  farm::write_hdf5(run / "results.h5", list, outcomes);
  if (counts.failed > 0) {
    std::cout << farm::failure_table(list, outcomes, failures_shown)
              << fmt::format("what one of them printed: rankine farm output {} LINE\n", run.string());
  }
  nlohmann::ordered_json json;
  json["app"] = "farm";
  json["commands"] = list.commands.size();
  json["succeeded"] = counts.succeeded;
  json["failed"] = counts.failed;
  json["not_run"] = counts.not_run;
  json["resumed"] = counts.resumed;
  json["timed_out"] = counts.timed_out;
  json["retried"] = counts.retried;
  json["stopped"] = stopped;
  json["ranks"] = ranks;
  json["seconds"] = seconds;
  json["commands_per_second"] =
      static_cast<double>(counts.succeeded + counts.failed - counts.resumed) / std::max(seconds, 1e-9);
  json["results"] = (run / "results.csv").string();
  std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

int drive(const Wishes& wishes, int ranks) {
  const rk::Time start = rk::now();
  fs::create_directories(wishes.run.out);
  const farm::CommandList list = read_list(wishes);
  begin_directory(wishes.run.out, list);
  Loop loop(list, rk::parse_walltime(wishes.kill_after).count());
  try {
    loop.run();
  } catch (const rk::Drained&) {
    report(wishes, list, loop.outcomes(), ranks, rk::seconds_since(start), true);
    throw;
  }
  report(wishes, list, loop.outcomes(), ranks, rk::seconds_since(start), false);
  return farm::count(loop.outcomes()).failed > 0 ? kSomeFailed : 0;
}

// ---- what commands printed ----

int print_output(const Wishes& wishes) {
  const fs::path run = wishes.output_run;
  const auto lines = read_lines(run);
  const farm::OutputReader reader(run / "output");
  for (const std::uint64_t line : wishes.output_lines) {
    const auto key = lines.find(line);
    if (key == lines.end()) throw rk::InputError(fmt::format("farm: {} has no line {}", run.string(), line));
    const farm::OutputEntry* entry = reader.last(key->second);
    if (entry == nullptr)
      throw rk::InputError(fmt::format("farm: line {} of {} has not ended yet", line, run.string()));
    reader.read(*entry, [&](farm::Stream stream, std::span<const char> bytes) {
      if (wishes.only_errors && stream != farm::Stream::error) return;
      std::ostream& to = stream == farm::Stream::error && !wishes.only_errors ? std::cerr : std::cout;
      to.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      to.flush();
    });
  }
  return 0;
}

// ---- starting ----

std::string host_and_process() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return fmt::format("{}-{}", host, ::getpid());
}

/// As many as there are CPUs and one more, for rank 0, which sleeps; fewer where a command wants several
/// CPUs.
int ranks_for(const Wishes& wishes) {
  if (wishes.ranks > 0) return wishes.ranks;
  const int cpus = static_cast<int>(farm::channels_of_process());
  double most = 1;
  if (wishes.file != "-") {
    const farm::CommandList list = read_list(wishes);
    for (const farm::Command& command : list.commands) most = std::max(most, list.of(command).cpus);
  }
  if (most <= 1) return cpus + 1;
  const int workers = std::max(1, cpus / static_cast<int>(std::ceil(most)));
  ::setenv("RANKINE_CPUS", std::to_string(cpus / workers).c_str(), 0);
  return workers + 1;
}

fs::path run_directory(const Wishes& wishes) {
  const char* named = std::getenv("RANKINE_RUN_DIR");
  return named != nullptr ? named : wishes.run.out;
}

int run_farm(const CLI::App& app, const Wishes& wishes) {
  if (!is_rank()) return start_ranks(ranks_for(wishes), run_directory(wishes));
  farm::ServerOptions helper;
  helper.output = fs::absolute(wishes.run.out) / "output" / host_and_process();
  helper.shell = wishes.shell;
  helper.always_shell = wishes.always_shell;
  helper.channels = farm::channels_of_process();
  const farm::ProcessSpawner spawner(helper);  // before MPI: what forks later may harm the network's memory
  return run_parsed(
      app, wishes.run,
      {.depends_on = [] { return "farm"; }, .drive = [&](int ranks) { return drive(wishes, ranks); }});
}

void add_settings(CLI::App& app, Wishes& wishes) {
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
  const auto wishes = std::make_shared<Wishes>();
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
