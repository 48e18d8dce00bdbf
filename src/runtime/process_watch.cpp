// SPDX-License-Identifier: Apache-2.0
#include "runtime/process_watch.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rankine/core/error.hpp>

namespace rankine::runtime {

namespace {

/// How often /proc is looked at for processes without a pidfd.
constexpr Nanoseconds kLook = 50 * kMillisecond;

struct ProcessState {
  char letter = '?';
  std::uint64_t start = 0;
};

/// What /proc says; nothing where there is no such process.
std::optional<ProcessState> state_of(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  const std::size_t name_end = text.rfind(')');  // the name may hold spaces and brackets
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  ProcessState state;
  std::string skipped;
  fields >> state.letter;
  constexpr int kFieldsBetween = 18;  // state is field 3 of proc(5), the start time field 22
  for (int i = 0; i < kFieldsBetween; ++i) fields >> skipped;
  if (!(fields >> state.start)) return std::nullopt;
  return state;
}

int open_pidfd(std::int64_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0u));
}

}  // namespace

ProcessId find_process(std::int64_t pid) {
  const std::optional<ProcessState> state = state_of(pid);
  return {pid, state ? state->start : 0};
}

bool is_alive(const ProcessId& process) {
  const std::optional<ProcessState> state = state_of(process.pid);
  if (!state || state->letter == 'Z' || state->letter == 'X') return false;
  return process.start == 0 || state->start == process.start;
}

bool kill_process(const ProcessId& process) {
  // The descriptor first: while it is open the number cannot pass to another process unnoticed.
  const int file = open_pidfd(process.pid);
  bool killed = false;
  if (is_alive(process)) {
    killed = file >= 0 ? syscall(SYS_pidfd_send_signal, file, SIGKILL, nullptr, 0u) == 0
                       : kill(static_cast<pid_t>(process.pid), SIGKILL) == 0;
  }
  if (file >= 0) close(file);
  return killed;
}

ProcessWatch::ProcessWatch() : bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (bell_ < 0) throw SystemError(std::string("rankine: eventfd failed: ") + std::strerror(errno));
}

ProcessWatch::~ProcessWatch() {
  for (const Watched& watched : watched_) {
    if (watched.file >= 0) close(watched.file);
  }
  close(bell_);
}

void ProcessWatch::add(std::size_t name, const ProcessId& process) {
  int file = open_pidfd(process.pid);
  if (file >= 0 && !is_alive(process)) {  // it is another's by now
    close(file);
    file = -1;
  }
  watched_.push_back({name, process, file});
}

bool ProcessWatch::has_exited(const Watched& watched, bool signalled) const {
  return watched.file >= 0 ? signalled : !is_alive(watched.process);
}

std::vector<std::size_t> ProcessWatch::wait(Nanoseconds timeout_ns) {
  std::vector<pollfd> files;
  for (const Watched& watched : watched_) {
    files.push_back({watched.file, POLLIN, 0});  // poll() passes over negative ones
    if (watched.file < 0) timeout_ns = std::min(timeout_ns, kLook);
  }
  files.push_back({bell_, POLLIN, 0});
  const auto timeout_ms = static_cast<int>((timeout_ns + kMillisecond - 1) / kMillisecond);
  poll(files.data(), files.size(), timeout_ms);
  if (files.back().revents != 0) {
    std::uint64_t rings = 0;
    static_cast<void>(!read(bell_, &rings, sizeof rings));
  }
  std::vector<std::size_t> exited;
  std::vector<Watched> left;
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    if (!has_exited(watched_[i], files[i].revents != 0)) {
      left.push_back(watched_[i]);
      continue;
    }
    exited.push_back(watched_[i].name);
    if (watched_[i].file >= 0) close(watched_[i].file);
  }
  watched_ = std::move(left);
  return exited;
}

void ProcessWatch::ring() {
  const std::uint64_t one = 1;
  static_cast<void>(!write(bell_, &one, sizeof one));
}

}  // namespace rankine::runtime
