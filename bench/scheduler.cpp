// SPDX-License-Identifier: Apache-2.0
// rankine-bench-scheduler: the scheduler alone, with thousands of workers that do not exist. No mpirun.
// rankine-bench-scheduler [--json FILE] [--quick] [--filter REGEX] [--tasks N]
#include <CLI/CLI.hpp>

#include "scheduler_load.hpp"
#include "suite.hpp"

using namespace rankine::bench;

namespace {

struct Setting {
  std::uint64_t tasks = 2'000'000;  ///< of a repetition
  int repetitions = 3;
  std::vector<int> workers{1000, 10'000, 100'000};
  std::vector<double> best;  ///< decisions a second of the mix, as they were measured
};

std::string short_number(int n) {
  return n >= 1000 ? std::to_string(n / 1000) + "k" : std::to_string(n);
}

/// Decisions a second while all workers are busy and more waits.
Row decisions(const LoadSettings& settings, const Setting& setting) {
  std::vector<double> rates;
  for (int i = 0; i < setting.repetitions; ++i) {
    Load load(settings);
    load.run(load.slots() + setting.tasks / 10);
    load.restart_clock();
    load.run(setting.tasks);
    rates.push_back(static_cast<double>(load.decisions()) / load.seconds());
    load.finish_all();
    const std::string broken = load.scheduler().broken_invariant();
    require(broken.empty(), broken.c_str());
  }
  return rate_row("1/s", rates);
}

Row bytes_row(double bytes) {
  Row row;
  row.value = bytes;
  row.unit = "bytes";
  row.better = Better::lower;
  return row;
}

/// Of the tables, for each worker that has joined and has nothing.
Row bytes_of_worker(int workers) {
  const Load load({.workers = workers});
  return bytes_row(static_cast<double>(load.memory_bytes()) / workers);
}

/// Tasks of one cpu, none of which is running.
Row bytes_of_pending(std::uint64_t tasks) {
  Load load({.workers = 8, .mixed = false});
  load.run(1000);
  const std::uint64_t before = load.memory_bytes();
  load.pile_up(tasks);
  Row row = bytes_row(static_cast<double>(load.memory_bytes() - before) / static_cast<double>(tasks));
  require(row.value <= 120, "a pending task takes more than 120 bytes");
  load.finish_all();
  return row;
}

/// Tasks that all run at once, beyond what their workers take.
Row bytes_of_running(int workers) {
  Load load({.workers = workers, .mixed = false});
  const std::uint64_t before = load.memory_bytes();
  load.pile_up(static_cast<std::uint64_t>(workers));
  Row row = bytes_row(static_cast<double>(load.memory_bytes() - before) / workers);
  load.finish_all();
  return row;
}

/// What tasks that ended and were released leave behind: the tables do not grow with them.
Row bytes_of_finished(std::uint64_t tasks) {
  Load load({.workers = 8, .mixed = false});
  load.run(100'000);
  const std::uint64_t before = load.memory_bytes();
  load.run(tasks);
  const double more = static_cast<double>(load.memory_bytes()) - static_cast<double>(before);
  require(more < 1 << 20, "finished tasks leave something behind");
  Row row = bytes_row(more / static_cast<double>(tasks));
  load.finish_all();
  return row;
}

void add_rates(Suite& suite, Setting& setting) {
  for (const int workers : setting.workers) {
    suite.figure("scheduler_mix_" + short_number(workers) + "_workers",
                 [&setting, workers] {
                   Row row = decisions({.workers = workers}, setting);
                   setting.best.push_back(row.value);
                   return row;
                 },
                 {{}, "", 1e6});
  }
  suite.figure("scheduler_mix_drop",
               [&setting] {
                 require(setting.best.size() == setting.workers.size(), "needs the rows before it");
                 Row row;
                 row.value = setting.best.front() / setting.best.back();
                 row.unit = "x";
                 row.better = Better::lower;
                 return row;
               },
               {{}, "", 2});
  for (const int workers : setting.workers) {
    suite.figure("scheduler_singles_" + short_number(workers) + "_workers",
                 [&setting, workers] { return decisions({.workers = workers, .mixed = false}, setting); },
                 {{}, "", 1e6});
  }
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine command_line;
  Setting setting;
  std::uint64_t tasks = 0;
  CLI::App app{"Decisions and bytes of the scheduler alone. Run without mpirun."};
  command_line.add_to(app);
  app.add_option("--tasks", tasks, "of a repetition");
  if (const auto code = parse(app, argc, argv, true)) return *code;
  if (command_line.quick) {
    setting.tasks = 300'000;
    setting.repetitions = 2;
  }
  if (tasks > 0) setting.tasks = tasks;
  Suite suite(command_line, 1);
  add_rates(suite, setting);
  for (const int workers : setting.workers)
    suite.figure("bytes_of_worker_" + short_number(workers), [workers] { return bytes_of_worker(workers); });
  suite.figure("bytes_of_pending_task", [&] { return bytes_of_pending(setting.tasks); }, {{}, "", 120});
  suite.figure("bytes_of_running_task", [] { return bytes_of_running(100'000); });
  suite.figure("bytes_of_finished_task", [&] { return bytes_of_finished(setting.tasks); }, {{}, "", 0.1});
  return report(suite, command_line);
}
