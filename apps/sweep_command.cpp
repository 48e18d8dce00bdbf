// SPDX-License-Identifier: Apache-2.0
#include "sweep_command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include <rankine/error.hpp>
#include <rankine/random.hpp>

extern char** environ;

namespace sweep {

namespace rk = rankine;

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Its last lines, at most so many characters.
std::string end_of(const std::string& text, std::size_t characters_max) {
  std::size_t last = text.find_last_not_of(" \n\r\t");
  if (last == std::string::npos) return "nothing";
  const std::size_t first = last + 1 > characters_max ? last + 1 - characters_max : 0;
  return text.substr(first, last + 1 - first);
}

/// Of a started process: waits, and ends it when its time is over.
class Process {
 public:
  explicit Process(pid_t pid) : pid_(pid) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (status_) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  /// Whether it has ended within so long.
  bool ended_within(std::chrono::nanoseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    auto pause = std::chrono::microseconds(200);
    for (;;) {
      int status = 0;
      const pid_t got = ::waitpid(pid_, &status, WNOHANG);
      if (got == pid_) return status_ = status, true;
      if (got < 0 && errno != EINTR) throw rk::SystemError(fmt::format("waitpid: {}", std::strerror(errno)));
      if (std::chrono::steady_clock::now() >= end || rk::cancelled()) return false;
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, std::chrono::microseconds(20'000));
    }
  }
  void end() {
    ::kill(-pid_, SIGTERM);
    const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (std::chrono::steady_clock::now() < last) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        status_ = status;
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::kill(-pid_, SIGKILL);
  }
  int status() const { return *status_; }

 private:
  pid_t pid_;
  std::optional<int> status_;
};

/// A program under mpirun that starts MPI would take itself for a rank of our job.
std::vector<char*> environment() {
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    bool ours = false;
    for (const std::string_view prefix : {"OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_"})
      ours |= text.starts_with(prefix);
    if (!ours || text.starts_with("OMPI_ALLOW_RUN_AS_ROOT")) kept.push_back(*variable);
  }
  kept.push_back(nullptr);
  return kept;
}

pid_t start(const std::vector<std::string>& words, const ProcessOptions& options) {
  const auto checked = [](int error, const char* call) {
    if (error != 0) throw rk::SystemError(fmt::format("{}: {}", call, std::strerror(error)));
  };
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> variables = environment();
  const std::string output = options.folder + "/output.txt";
  const std::string errors = options.folder + "/errors.txt";
  posix_spawn_file_actions_t files;
  checked(posix_spawn_file_actions_init(&files), "posix_spawn_file_actions_init");
  posix_spawnattr_t attributes;
  checked(posix_spawnattr_init(&attributes), "posix_spawnattr_init");
  const int created = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), created, 0644);
  posix_spawn_file_actions_addopen(&files, 2, errors.c_str(), created, 0644);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGHUP})
    sigaddset(&usual, number);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, arguments[0], &files, &attributes, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    throw rk::SystemError(
        fmt::format("the program \"{}\" cannot be started: {}", words[0], std::strerror(error)));
  return pid;
}

}  // namespace

std::vector<std::string> split_words(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool within = false;
  char quote = 0;
  for (std::size_t k = 0; k < line.size(); ++k) {
    const char c = line[k];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (within) words.push_back(std::move(word));
      word.clear();
      within = false;
      continue;
    }
    within = true;
    if (c == '\\' && quote != '\'' && k + 1 < line.size()) {
      word += line[++k];
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      word += c;
    }
  }
  if (quote != 0) throw rk::InputError(fmt::format("the command has a {} without its other one", quote));
  if (within) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> placeholders(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const std::string& word : words) {
    for (std::size_t at = word.find('{'); at != std::string::npos; at = word.find('{', at + 1)) {
      const std::size_t end = word.find('}', at);
      if (end != std::string::npos) names.push_back(word.substr(at + 1, end - at - 1));
    }
  }
  return names;
}

std::vector<std::string> fill_in(const std::vector<std::string>& words,
                                 const std::map<std::string, std::string>& values) {
  std::vector<std::string> filled;
  for (const std::string& word : words) {
    std::string& made = filled.emplace_back();
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t end = word[at] == '{' ? word.find('}', at) : std::string::npos;
      const auto value =
          end == std::string::npos ? values.end() : values.find(word.substr(at + 1, end - at - 1));
      if (value == values.end()) {
        made += word[at++];
      } else {
        made += value->second;
        at = end + 1;
      }
    }
  }
  return filled;
}

double last_number(const std::string& output) {
  std::istringstream lines(output);
  std::optional<double> last;
  for (std::string line; std::getline(lines, line);) {
    for (const char* at = line.c_str(); *at != 0;) {
      const bool within_word =
          at != line.c_str() && (std::isalnum(static_cast<unsigned char>(at[-1])) != 0 || at[-1] == '_');
      char* end = nullptr;
      const double value = within_word ? 0 : std::strtod(at, &end);
      if (end != nullptr && end != at && std::isalpha(static_cast<unsigned char>(*end)) == 0) {
        last = value;
        at = end;
      } else {
        ++at;
      }
    }
  }
  if (!last) throw rk::InputError("its output has no number: the last one would be the metric");
  return *last;
}

double run_process(const std::vector<std::string>& words, const ProcessOptions& options) {
  std::filesystem::create_directories(options.folder);
  Process process(start(words, options));
  const auto forever = std::chrono::hours(24 * 365);
  if (!process.ended_within(options.timeout.count() > 0 ? options.timeout
                                                        : std::chrono::nanoseconds(forever))) {
    process.end();
    if (rk::cancelled()) throw rk::Error("the trial was cancelled");
    throw rk::Error(fmt::format("it ran longer than {} s and was ended",
                                std::chrono::duration<double>(options.timeout).count()));
  }
  const std::string errors = read_file(options.folder + "/errors.txt");
  constexpr std::size_t shown_max = 300;
  if (WIFSIGNALED(process.status()))
    throw rk::Error(fmt::format("it was ended by signal {} ({}); its errors end in: {}",
                                WTERMSIG(process.status()), strsignal(WTERMSIG(process.status())),
                                end_of(errors, shown_max)));
  if (WEXITSTATUS(process.status()) != 0)
    throw rk::Error(fmt::format("exit code {}; its errors end in: {}", WEXITSTATUS(process.status()),
                                end_of(errors, shown_max)));
  return last_number(read_file(options.folder + "/output.txt"));
}

}  // namespace sweep
