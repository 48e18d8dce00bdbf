// SPDX-License-Identifier: Apache-2.0
#include <rankine/journal.hpp>

#include <array>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <unordered_map>
#include <variant>

#include <rankine/core/error.hpp>

#include "journal/file.hpp"
#include "journal/index.hpp"
#include "journal/scan.hpp"

namespace rankine {

namespace {

std::string utc(std::int64_t unix_ns) {
  const std::time_t seconds = unix_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

using Functions = std::unordered_map<std::uint32_t, std::string>;

void describe(JournalEntry& entry, const journal::Program& program, Functions&) {
  entry.kind = "program";
  entry.name = program.name;
  entry.text = program.options;
}
void describe(JournalEntry& entry, const journal::Function& function, Functions& functions) {
  entry.kind = "function";
  entry.name = function.display;
  functions[function.number] = function.display;
}
void describe(JournalEntry& entry, const journal::Tasks& tasks, Functions& functions) {
  entry.kind = tasks.range ? "elements" : "task";
  const auto found = functions.find(tasks.function);
  entry.name = found != functions.end() ? found->second : "function " + std::to_string(tasks.function);
  entry.key = tasks.key;
  entry.first = tasks.first;
  entry.count = tasks.elements.size();
  entry.seconds = static_cast<double>(tasks.busy_ns) * 1e-9;
  for (const journal::Tasks::Element& element : tasks.elements) entry.content += element.result.size();
}
void describe(JournalEntry& entry, const journal::Checkpoint& checkpoint, Functions&) {
  entry.kind = "actor";
  entry.name = checkpoint.name;
  entry.text = checkpoint.class_name;
  entry.content = checkpoint.state.size();
}
void describe(JournalEntry& entry, const journal::Saved& saved, Functions&) {
  entry.kind = "saved";
  entry.name = saved.name;
  entry.content = saved.value.size();
}
void describe(JournalEntry& entry, const journal::Note& note, Functions&) {
  constexpr std::array kWhat{"started", "resumed", "finished", "stopped"};
  entry.kind = "note";
  entry.name = kWhat[static_cast<std::size_t>(note.what)];
  entry.text = utc(note.unix_ns) + (note.text.empty() ? "" : " " + note.text);
  entry.ranks = note.ranks;
}

}  // namespace

JournalSummary read_journal(const std::string& run, const std::function<void(const JournalEntry&)>& entry) {
  std::error_code ignored;
  const bool folder = std::filesystem::is_directory(run, ignored);
  JournalSummary summary;
  summary.path = folder ? (std::filesystem::path(run) / "journal").string() : run;
  if (!std::filesystem::exists(summary.path, ignored)) {
    throw InputError("rankine: there is no journal " + summary.path +
                     ". Remedy: name a run directory in which tasks with a key ran");
  }
  const journal::File file(summary.path, journal::File::Access::read);
  summary.bytes = file.bytes();
  journal::Scanner scanner(file.reader(), summary.bytes);
  journal::Index index;
  Functions functions;
  while (auto item = scanner.next()) {
    index.take(item->record, scanner);
    JournalEntry said;
    said.offset = item->offset;
    said.bytes = item->bytes;
    std::visit([&](const auto& record) { describe(said, record, functions); }, item->record);
    if (said.kind == "note" && (said.name == "started" || said.name == "resumed")) ++summary.starts;
    ++summary.records;
    entry(said);
  }
  if (scanner.ending() == journal::Ending::foreign) {
    throw InputError("rankine: " + summary.path +
                     " is no journal: it does not begin as one does. Remedy: name a run directory");
  }
  summary.good_bytes = scanner.good_bytes();
  summary.trouble = scanner.trouble();
  summary.tasks = index.tasks();
  summary.actors = index.actors();
  summary.saved_values = index.saved_values();
  summary.finished = index.finished() && summary.trouble.empty();
  return summary;
}

}  // namespace rankine
