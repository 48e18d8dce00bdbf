// SPDX-License-Identifier: Apache-2.0
#include "apps/rankine/start_ranks.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/error.hpp>

namespace apps {

namespace rk = rankine;
namespace fs = std::filesystem;

namespace {

constexpr int kNotBegun = 2;  ///< exit code

std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string word; std::getline(file, word, '\0');) arguments.push_back(word);
  if (arguments.empty()) throw rk::SystemError("rankine: /proc/self/cmdline cannot be read");
  arguments.front() = fs::read_symlink("/proc/self/exe").string();
  return arguments;
}

/// In the child.
[[noreturn]] void become_mpirun(int ranks, const sigset_t& mask) {
  std::vector<std::string> words{"mpirun", "--enable-recovery",  "--oversubscribe", "--bind-to", "none",
                                 "-n",     std::to_string(ranks)};
  for (std::string& word : own_arguments()) words.push_back(std::move(word));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::setsid();  // Ctrl-C comes to the parent alone
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::execvp("mpirun", arguments.data());
  std::fprintf(stderr,
               "rankine: mpirun cannot be started: %s. Remedy: install Open MPI, or load its module\n",
               std::strerror(errno));
  ::_exit(127);
}

/// The exit code that the run left in its status, once all is over.
int code_of(const fs::path& run) {
  std::ifstream file(run / "status");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto status = nlohmann::json::parse(text, nullptr, false);
  if (status.is_object() && status.contains("code")) return status["code"].get<int>();
  if (status.is_object()) {
    std::fprintf(stderr,
                 "rankine: the run was killed before it ended; run again with the same folder to go on\n");
    return 1;
  }
  return kNotBegun;
}

}  // namespace

int start_ranks(int ranks, const fs::path& run) {
  std::error_code ignored;
  fs::remove(run / "status", ignored);
  sigset_t mine;
  sigset_t before;
  sigemptyset(&mine);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD}) sigaddset(&mine, signal);
  sigprocmask(SIG_BLOCK, &mine, &before);
  const pid_t child = ::fork();
  if (child < 0) throw rk::SystemError(fmt::format("rankine: fork: {}", std::strerror(errno)));
  if (child == 0) become_mpirun(ranks, before);
  for (int stops = 0; ::waitpid(child, nullptr, WNOHANG) == 0;) {
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&mine, &info);
    if (signal == SIGINT || signal == SIGTERM || signal == SIGUSR1)
      ::kill(child, stops++ == 0 || signal == SIGUSR1 ? SIGUSR1 : SIGTERM);
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return code_of(run);
}

}  // namespace apps
