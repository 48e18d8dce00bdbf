// SPDX-License-Identifier: Apache-2.0
#include "farm/outcome.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/hdf5_writer.hpp"

namespace rankine::farm {

namespace {

const char* state_name(const Outcome& outcome) {
  if (outcome.state == State::succeeded) return "ok";
  if (outcome.state == State::not_run) return "not_run";
  return outcome.ending.timed_out ? "timeout" : "failed";
}

int signal_of(const Outcome& outcome) {
  return outcome.state == State::failed && WIFSIGNALED(outcome.ending.status)
             ? WTERMSIG(outcome.ending.status)
             : 0;
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  if (const std::size_t end = text.rfind('\n'); end != std::string_view::npos) text.remove_prefix(end + 1);
  return std::string(text);
}

/// Of one line, without what would move a terminal's cursor.
std::string cut(std::string_view text, std::size_t characters_max) {
  std::string one(text.substr(0, characters_max));
  std::replace_if(
      one.begin(), one.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  return text.size() > characters_max ? one + "..." : one;
}

std::string in_quotes(std::string_view text) {
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

std::string moment(std::int64_t ns_since_1970) {
  if (ns_since_1970 == 0) return {};
  const std::time_t seconds = ns_since_1970 / kSecond;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03}Z", text, ns_since_1970 % kSecond / kMillisecond);
}

}  // namespace

int exit_code(const Outcome& outcome) {
  if (outcome.state == State::not_run || outcome.ending.in_trouble) return -1;
  const int status = outcome.ending.status;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string words(const Outcome& outcome) {
  const Ending& ending = outcome.ending;
  if (outcome.state == State::succeeded) return "ok";
  if (outcome.state == State::not_run) return "not run";
  if (ending.timed_out) return fmt::format("timed out after {:.1f} s", ending.seconds);
  if (ending.in_trouble) return "in trouble";
  if (const int signal = signal_of(outcome); signal != 0)
    return fmt::format("signal {} ({})", signal, ::strsignal(signal));
  return fmt::format("exit code {}", exit_code(outcome));
}

Counts count(const std::vector<Outcome>& outcomes) {
  Counts counts;
  for (const Outcome& outcome : outcomes) {
    counts.succeeded += outcome.state == State::succeeded ? 1 : 0;
    counts.failed += outcome.state == State::failed ? 1 : 0;
    counts.not_run += outcome.state == State::not_run ? 1 : 0;
    counts.resumed += outcome.resumed ? 1 : 0;
    counts.timed_out += outcome.state == State::failed && outcome.ending.timed_out ? 1 : 0;
    counts.retried += outcome.attempts > 1 && !outcome.resumed ? outcome.attempts - 1 : 0;
  }
  return counts;
}

std::string failure_table(const CommandList& list, const std::vector<Outcome>& outcomes,
                          std::size_t lines_max) {
  constexpr std::size_t command_max = 50;
  constexpr std::size_t text_max = 100;
  std::string table;
  std::size_t lines = 0;
  std::size_t failed = 0;
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    const Outcome& outcome = outcomes[k];
    if (outcome.state != State::failed || ++failed > lines_max) continue;
    if (lines++ == 0)
      table = fmt::format("{:>8} {:>8} {:>10}  {:<30} {}\n", "line", "attempts", "seconds", "end", "command");
    table += fmt::format("{:>8} {:>8} {:>10.3f}  {:<30} {}\n", list.commands[k].id, outcome.attempts,
                         outcome.ending.seconds, words(outcome), cut(list.commands[k].text, command_max));
    if (const std::string said = last_line(outcome.text); !said.empty())
      table += fmt::format("{:>8}   {}\n", "", cut(said, text_max));
  }
  if (failed > lines_max) table += fmt::format("... and {} more\n", failed - lines_max);
  return table;
}

void write_csv(const std::filesystem::path& path, const CommandList& list,
               const std::vector<Outcome>& outcomes) {
  const std::string partial = path.string() + ".partial";
  std::ofstream file(partial, std::ios::binary);
  file << "line,name,state,exit_code,signal,attempts,began,seconds,cpu_seconds,peak_memory_mib,output_bytes,"
          "error_bytes,host,output_file,resumed,command\n";
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    const Outcome& outcome = outcomes[k];
    const Command& command = list.commands[k];
    const Ending& ending = outcome.ending;
    file << fmt::format("{},{},{},{},{},{},{},{:.6f},{:.6f},{:.2f},{},{},{},{},{},{}\n", command.id,
                        in_quotes(list.of(command).name), state_name(outcome), exit_code(outcome),
                        signal_of(outcome), outcome.attempts, moment(ending.began_ns), ending.seconds,
                        ending.cpu_seconds, ending.memory_mib, ending.output_bytes, ending.error_bytes,
                        outcome.host, outcome.where, outcome.resumed ? 1 : 0, in_quotes(command.text));
  }
  file.close();
  if (!file) throw SystemError(fmt::format("rankine: {} could not be written", partial));
  std::filesystem::rename(partial, path);
}

void write_hdf5(const std::filesystem::path& path, const CommandList& list,
                const std::vector<Outcome>& outcomes) {
  constexpr std::size_t text_max = 1000;  // all are as wide as the longest; results.csv has them whole
  files::Hdf5Writer file(path);
  auto& line = file.column<std::int64_t>("line");
  auto& code = file.column<std::int32_t>("exit_code");
  auto& signal = file.column<std::int32_t>("signal");
  auto& attempts = file.column<std::int32_t>("attempts");
  auto& began = file.column<double>("began");
  auto& seconds = file.column<double>("seconds");
  auto& cpu = file.column<double>("cpu_seconds");
  auto& memory = file.column<double>("peak_memory_mib");
  auto& state = file.text_column("state");
  auto& name = file.text_column("name");
  auto& host = file.text_column("host");
  auto& command = file.text_column("command");
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    const Outcome& outcome = outcomes[k];
    files::append(line, static_cast<std::int64_t>(list.commands[k].id));
    files::append(code, static_cast<std::int32_t>(exit_code(outcome)));
    files::append(signal, static_cast<std::int32_t>(signal_of(outcome)));
    files::append(attempts, static_cast<std::int32_t>(outcome.attempts));
    files::append(began, static_cast<double>(outcome.ending.began_ns) * 1e-9);
    files::append(seconds, outcome.ending.seconds);
    files::append(cpu, outcome.ending.cpu_seconds);
    files::append(memory, outcome.ending.memory_mib);
    state.append(state_name(outcome));
    name.append(list.of(list.commands[k]).name);
    host.append(outcome.host);
    command.append(std::string_view(list.commands[k].text).substr(0, text_max));
  }
  file.attribute("/", "description", "what became of the commands of a farm, a row a command");
  file.attribute("exit_code", "description", "as a shell gives it; -1: it did not run");
  file.attribute("began", "units", "seconds since 1970-01-01T00:00:00Z");
  file.attribute("seconds", "units", "s");
  file.attribute("cpu_seconds", "units", "s");
  file.attribute("peak_memory_mib", "units", "MiB");
  file.close();
}

}  // namespace rankine::farm
