// SPDX-License-Identifier: Apache-2.0
#include "rl/bridge/child.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

extern char** environ;

namespace rankine::rl {

namespace {

[[noreturn]] void fail(const char* call, int error) {
  throw SystemError(fmt::format("the bridge to Python: {} failed: {}", call, std::strerror(error)));
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  return fmt::format("ended with code {}", WEXITSTATUS(status));
}

}  // namespace

Child::Child(const std::string& python, const std::string& script, const std::vector<std::string>& arguments,
             double timeout_s)
    : timeout_s_(timeout_s) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail("socketpair", errno);
  socket_ = ends[0];
  memory_ = memfd_create("rankine-rl", MFD_CLOEXEC);
  if (memory_ < 0) fail("memfd_create", errno);

  std::vector<std::string> words = {python, "-c", script};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  // Copies beyond 10 first, so that neither is overwritten by the other's place.
  const int socket = fcntl(ends[1], F_DUPFD_CLOEXEC, 10), memory = fcntl(memory_, F_DUPFD_CLOEXEC, 10);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, socket, 3);
  posix_spawn_file_actions_adddup2(&files, memory, 4);
  const int error = posix_spawnp(&pid_, python.c_str(), &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  close(socket);
  close(memory);
  if (error != 0) {
    close(socket_);
    close(memory_);
    throw InputError(
        fmt::format("the bridge to Python: \"{}\" cannot be started: {}. Remedy: name a Python that "
                    "has gymnasium",
                    python, std::strerror(error)));
  }
}

Child::~Child() {
  close(socket_);
  if (!shared_.empty()) munmap(shared_.data(), shared_.size());
  close(memory_);
  if (pid_ < 0) return;
  for (int wait = 0; wait < 200; ++wait) {  // two seconds to go by itself
    if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
    poll(nullptr, 0, 10);
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::span<std::byte> Child::share(std::size_t bytes) {
  if (ftruncate(memory_, static_cast<off_t>(bytes)) != 0) fail("ftruncate", errno);
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_, 0);
  if (at == MAP_FAILED) fail("mmap", errno);
  shared_ = {static_cast<std::byte*>(at), bytes};
  return shared_;
}

void Child::lost(const std::string& what) {
  int status = 0;
  std::string how = what;
  for (int wait = 0; wait < 100; ++wait) {
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      how = "the Python process " + ending(status);
      break;
    }
    poll(nullptr, 0, 10);
  }
  throw Error("the bridge to Python: " + how + "; its own words are on standard error");
}

std::string Child::ask(const std::string& line) {
  const std::string whole = line + "\n";
  std::size_t sent = 0;
  while (sent < whole.size()) {
    const ssize_t now = send(socket_, whole.data() + sent, whole.size() - sent, MSG_NOSIGNAL);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) lost("the Python process does not listen");
    sent += static_cast<std::size_t>(now);
  }
  return hear();
}

std::string Child::hear() {
  for (;;) {
    const std::size_t end = heard_.find('\n');
    if (end != std::string::npos) {
      std::string line = heard_.substr(0, end);
      heard_.erase(0, end + 1);
      return line;
    }
    pollfd wait = {socket_, POLLIN, 0};
    const int ready = poll(&wait, 1, static_cast<int>(timeout_s_ * 1000));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) throw Error(fmt::format("the bridge to Python: no answer within {} s", timeout_s_));
    char bytes[4096];
    const ssize_t got = recv(socket_, bytes, sizeof(bytes), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) lost("the Python process closed its socket");
    heard_.append(bytes, static_cast<std::size_t>(got));
  }
}

}  // namespace rankine::rl
