// SPDX-License-Identifier: Apache-2.0
// rankine journal RUN: what a run's journal holds, also one that is torn, damaged or being written. Changes
// nothing.
#include <iostream>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/journal.hpp>

#include "command.hpp"

namespace apps {

namespace rk = rankine;

namespace {

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

struct Wishes {
  std::string run;
  bool json = false;
  bool only_summary = false;
};

}  // namespace

Command add_journal(CLI::App& app) {
  const auto wishes = std::make_shared<Wishes>();
  CLI::App* journal = app.add_subcommand("journal", "what a run has finished, record by record");
  journal->add_option("RUN", wishes->run, "run directory, or a journal")->required();
  journal->add_flag("--json", wishes->json, "a line of JSON for each record, then one for the whole");
  journal->add_flag("--summary", wishes->only_summary, "only the whole");
  journal->footer("Exit code: 0 read to its end, 1 there is no journal, 3 it is torn or damaged at its end.");
  return {journal, [wishes] { return print_journal(wishes->run, wishes->json, wishes->only_summary); }};
}

}  // namespace apps
