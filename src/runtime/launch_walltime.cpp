// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch_walltime.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rankine/core/clock.hpp>

namespace rankine::runtime {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// What comes through the pipe until it is closed or the time is over; false then.
bool read_until(int fd, Time end, std::string& text) {
  for (;;) {
    pollfd ready{fd, POLLIN, 0};
    const Nanoseconds left = end - now();
    if (left <= 0) return false;
    const int found = poll(&ready, 1, static_cast<int>(left / kMillisecond) + 1);
    if (found < 0 && errno != EINTR) return false;
    if (found <= 0) continue;
    char bytes[256];
    const ssize_t count = read(fd, bytes, sizeof bytes);
    if (count == 0) return true;
    if (count > 0) text.append(bytes, static_cast<std::size_t>(count));
  }
}

}  // namespace

Answer ask_program(const std::vector<std::string>& command, Nanoseconds limit) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t child = -1;
  const int error = posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string text;
  bool ended = false;
  if (error == 0) ended = read_until(ends[0], now() + limit, text);
  close(ends[0]);
  if (error != 0) return {};
  if (!ended) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return {};
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return {true, text};
}

WallTimeFacts gather_wall_time(Nanoseconds option, Nanoseconds option_margin, Time start) {
  constexpr Nanoseconds kPatience = 5 * kSecond;
  WallTimeFacts facts;
  facts.option = option;
  facts.option_margin = option_margin;
  facts.variable = variable("RANKINE_WALLTIME");
  facts.margin_variable = variable("RANKINE_WALLTIME_MARGIN");
  facts.job_end = variable("SLURM_JOB_END_TIME");
  facts.start = start;
  facts.now = now();
  timespec unix_time{};
  clock_gettime(CLOCK_REALTIME, &unix_time);
  facts.unix_now = static_cast<double>(unix_time.tv_sec) + 1e-9 * static_cast<double>(unix_time.tv_nsec);
  const std::string job = variable("SLURM_JOB_ID");
  if (!job.empty()) {
    facts.ask_slurm = [job] { return ask_program({"squeue", "-h", "-j", job, "-o", "%L"}, kPatience).text; };
  }
  return facts;
}

std::optional<Nanoseconds> grace_after_sigterm() {
  if (variable("OMPI_COMM_WORLD_SIZE").empty()) return std::nullopt;
  constexpr Nanoseconds kMost = 600 * kSecond;
  const std::string text = variable("OMPI_MCA_odls_base_sigkill_timeout");
  const long seconds = std::strtol(text.c_str(), nullptr, 10);
  return seconds > 0 ? std::min(seconds * kSecond, kMost) : kSecond;
}

}  // namespace rankine::runtime
