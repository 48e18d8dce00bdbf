// SPDX-License-Identifier: Apache-2.0
// rankine: looks at runs from outside. `rankine journal RUN` prints what a run's journal holds, also one that
// is torn, damaged or being written; `rankine trace RUN` gives its trace as JSON for Perfetto; `rankine
// simulate` says how long it would take on other numbers of ranks. Needs no mpirun.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <rankine/error.hpp>
#include <rankine/journal.hpp>
#include <rankine/simulate.hpp>
#include <rankine/trace.hpp>

namespace rk = rankine;

namespace {

constexpr int kTrouble = 3;  // exit code: it could be read up to a place only

std::string text_of(const rk::JournalEntry& entry) {
  if (entry.kind == "task")
    return fmt::format("{} key {} {:.6f} s {} bytes", entry.name, entry.key, entry.seconds, entry.content);
  if (entry.kind == "elements")
    return fmt::format("{} key {} [{}, {}) {:.6f} s {} bytes", entry.name, entry.key, entry.first,
                       entry.first + entry.count, entry.seconds, entry.content);
  if (entry.kind == "actor") return fmt::format("\"{}\" {} {} bytes", entry.name, entry.text, entry.content);
  if (entry.kind == "saved") return fmt::format("\"{}\" {} bytes", entry.name, entry.content);
  if (entry.kind == "note") return fmt::format("{} {} on {} ranks", entry.name, entry.text, entry.ranks);
  return entry.text.empty() ? entry.name : entry.name + ", " + entry.text;
}

nlohmann::ordered_json json_of(const rk::JournalEntry& entry) {
  nlohmann::ordered_json json;
  json["kind"] = entry.kind;
  json["offset"] = entry.offset;
  json["bytes"] = entry.bytes;
  json["name"] = entry.name;
  if (!entry.text.empty()) json["text"] = entry.text;
  if (entry.count > 0) {
    json["key"] = entry.key;
    if (entry.kind == "elements") json["first"] = entry.first;
    json["count"] = entry.count;
    json["seconds"] = entry.seconds;
  }
  if (entry.content > 0) json["content_bytes"] = entry.content;
  if (entry.ranks > 0) json["ranks"] = entry.ranks;
  return json;
}

nlohmann::ordered_json json_of(const rk::JournalSummary& summary) {
  nlohmann::ordered_json json;
  json["kind"] = "summary";
  json["path"] = summary.path;
  json["bytes"] = summary.bytes;
  json["good_bytes"] = summary.good_bytes;
  json["trouble"] = summary.trouble;
  json["records"] = summary.records;
  json["tasks"] = summary.tasks;
  json["actors"] = summary.actors;
  json["saved_values"] = summary.saved_values;
  json["starts"] = summary.starts;
  json["finished"] = summary.finished;
  return json;
}

std::string text_of(const rk::JournalSummary& summary) {
  std::string text =
      fmt::format("{}: {} bytes, {} records, {} finished tasks, {} actors, {} saved values, {} starts, {}\n",
                  summary.path, summary.bytes, summary.records, summary.tasks, summary.actors,
                  summary.saved_values, summary.starts, summary.finished ? "finished" : "not finished");
  if (!summary.trouble.empty())
    text += fmt::format("{}: ends at byte {}: {}; the last {} bytes are not used\n", summary.path,
                        summary.good_bytes, summary.trouble, summary.bytes - summary.good_bytes);
  return text;
}

int print_journal(const std::string& run, bool json, bool only_summary) {
  const auto print = [&](const rk::JournalEntry& entry) {
    if (only_summary) return;
    if (json) {
      std::cout << json_of(entry).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    } else {
      std::cout << fmt::format("{:>10}  {:<8}  {}\n", entry.offset, entry.kind, text_of(entry));
    }
  };
  const rk::JournalSummary summary = rk::read_journal(run, print);
  if (json) {
    std::cout << json_of(summary).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    std::cout << text_of(summary);
  }
  return summary.trouble.empty() ? 0 : kTrouble;
}

int print_trace(const std::string& run, bool only_summary) {
  const rk::TraceSummary summary =
      only_summary ? rk::summarise_trace(run) : rk::write_trace_json(run, std::cout);
  if (only_summary) {
    std::cout << fmt::format(
        "{}: {} on {} ranks, {} of {} tasks ended in {} pieces, {} failed, {:.3f} s, "
        "{:.3f} s of work, {} bytes\n",
        summary.path, summary.program, summary.ranks, summary.finished, summary.tasks, summary.pieces,
        summary.failed, summary.seconds, summary.busy_seconds, summary.bytes);
  }
  if (summary.left_out > 0)
    std::cerr << fmt::format("{}: {} records were left out\n", summary.path, summary.left_out);
  if (summary.trouble.empty()) return 0;
  std::cerr << fmt::format("{}: ends early: {}\n", summary.path, summary.trouble);
  return kTrouble;
}

// ---- simulate ----

struct SimulateWishes {
  std::string run;
  std::vector<int> ranks;
  rk::SimulatedMachine machine;
  bool json = false;
};

/// A line on standard error every second, for what takes long.
class Progress {
 public:
  explicit Progress(int ranks) : ranks_(ranks) {}
  void operator()(std::uint64_t ended, std::uint64_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (now - said_ < std::chrono::seconds(1)) return;
    said_ = now;
    std::cerr << fmt::format("{} ranks: {} of {} tasks\n", ranks_, ended, all);
  }

 private:
  int ranks_;
  std::chrono::steady_clock::time_point said_ = std::chrono::steady_clock::now();
};

nlohmann::ordered_json json_of(int ranks, const rk::Prediction& prediction) {
  nlohmann::ordered_json json;
  json["ranks"] = ranks;
  json["seconds"] = prediction.seconds;
  json["efficiency"] = prediction.efficiency;
  json["head_use"] = prediction.head_use;
  json["head_seconds_per_task"] = prediction.head_per_task;
  json["head_limit_ranks"] = prediction.limit_ranks;
  json["task_seconds"] = prediction.task_seconds;
  json["tasks"] = prediction.tasks;
  json["failed"] = prediction.failed;
  json["pieces"] = prediction.pieces;
  json["events"] = prediction.events;
  json["messages"] = prediction.messages;
  json["head_bytes"] = prediction.head_bytes;
  return json;
}

int print_simulation(const SimulateWishes& wishes) {
  const rk::RecordedRun run(wishes.run);
  std::cerr << run.remarks();
  if (!wishes.json) {
    std::cout << fmt::format("recorded: {} tasks on {} ranks in {:.3f} s\n", run.tasks(), run.ranks(),
                             run.seconds());
    std::cout << fmt::format("{:>9} {:>12} {:>11} {:>10} {:>14} {:>18}\n", "ranks", "seconds", "efficiency",
                             "head busy", "head us/task", "head limits from");
  }
  std::uint64_t failed = 0;
  for (const int ranks : wishes.ranks) {
    rk::SimulatedMachine machine = wishes.machine;
    machine.ranks = ranks;
    const rk::Prediction prediction = run.predict(machine, Progress(ranks));
    failed += prediction.failed;
    if (wishes.json) {
      std::cout << json_of(ranks, prediction).dump() << '\n';
      continue;
    }
    std::cout << fmt::format("{:>9} {:>12.4f} {:>10.1f}% {:>9.1f}% {:>14.3f} {:>12.0f} ranks\n", ranks,
                             prediction.seconds, 100 * prediction.efficiency, 100 * prediction.head_use,
                             1e6 * prediction.head_per_task, prediction.limit_ranks);
  }
  if (failed == 0) return 0;
  std::cerr << fmt::format("{} tasks could not run: no worker can hold them, or what they depend on\n",
                           failed);
  return kTrouble;
}

CLI::App* add_simulate(CLI::App& app, SimulateWishes& wishes) {
  CLI::App* simulate = app.add_subcommand("simulate", "how long a recorded run would take on other ranks");
  simulate->add_option("--trace", wishes.run, "run directory, or a trace")->required();
  simulate->add_option("--ranks", wishes.ranks, "numbers of ranks, rank 0 included: 2,8,64,512,4096")
      ->required()
      ->delimiter(',');
  rk::SimulatedMachine& machine = wishes.machine;
  simulate->add_option("--nodes", machine.nodes, "nodes; default: one for each 64 ranks");
  simulate->add_option("--cpus", machine.cpus, "cpus of each rank; default: as recorded");
  simulate->add_option("--latency", machine.latency, "of a message between nodes, seconds")
      ->capture_default_str();
  simulate->add_option("--bandwidth", machine.bandwidth, "between nodes, bytes a second")
      ->capture_default_str();
  simulate->add_option("--message-rate", machine.message_rate, "that rank 0 can send, messages a second")
      ->capture_default_str();
  simulate->add_option("--event-cost", machine.event_cost, "of the scheduler for each event, seconds")
      ->capture_default_str();
  simulate->add_option("--message-cost", machine.message_cost, "of rank 0 for each message, seconds")
      ->capture_default_str();
  simulate->add_option("--scale", machine.scale, "so many times the tasks")->capture_default_str();
  simulate->add_option("--seed", machine.seed, "of how long the further tasks take")->capture_default_str();
  simulate->add_flag("--json", wishes.json, "a line of JSON for each number of ranks");
  simulate->footer(
      "The driver's waits, tasks that submit tasks, dependencies, resources and priorities are followed;\n"
      "actors' calls and gangs are not. Exit code: 0, 2 a wrong option or no trace, 3 tasks could not run.");
  return simulate;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Looks at runs of Rankine.", "rankine");
  app.require_subcommand(1);
  std::string run;
  bool json = false;
  bool only_summary = false;
  CLI::App* journal = app.add_subcommand("journal", "what a run has finished, record by record");
  journal->add_option("RUN", run, "run directory, or a journal")->required();
  journal->add_flag("--json", json, "a line of JSON for each record, then one for the whole");
  journal->add_flag("--summary", only_summary, "only the whole");
  journal->footer("Exit code: 0 read to its end, 1 there is no journal, 3 it is torn or damaged at its end.");
  CLI::App* trace = app.add_subcommand("trace", "who ran what when, as JSON for Perfetto (ui.perfetto.dev)");
  trace->add_option("RUN", run, "run directory, or a trace")->required();
  trace->add_flag("--summary", only_summary, "only a line about the whole");
  trace->footer("Exit code: 0 the whole, 1 there is no trace, 3 it ends early.");
  SimulateWishes wishes;
  CLI::App* simulate = add_simulate(app, wishes);
  const auto wrong = [&] { return simulate->parsed() ? 2 : 1; };
  try {
    app.parse(argc, argv);
    if (simulate->parsed()) return print_simulation(wishes);
    return trace->parsed() ? print_trace(run, only_summary) : print_journal(run, json, only_summary);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : wrong();
  } catch (const rk::Error& error) {
    std::cerr << error.what() << '\n';
  }
  return wrong();
}
