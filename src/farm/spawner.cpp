// SPDX-License-Identifier: Apache-2.0
#include "farm/spawner.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::farm {

namespace {

constexpr int kAskMs = 100;              ///< how often `unwanted` is asked
constexpr int kSocketBytes = 256 << 10;  ///< of a request with the longest command

/// In the helper. Never returns.
[[noreturn]] void be_helper(const ServerOptions& options, const std::vector<int>& channels) {
  int code = 0;
  try {
    ::prctl(PR_SET_NAME, "rankine-spawn");
    SignalHabits habits;
    habits.ignore_all();
    // What a rank reads is not the commands', and who waits for the end of its output waits for the rank
    // only.
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(nothing, STDOUT_FILENO);
    SpawnServer(options, channels, habits).serve();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 1;
  }
  ::_exit(code);
}

}  // namespace

Spawner::Spawner(const ServerOptions& options) : output_(options.output) {
  std::vector<int> theirs;
  for (std::size_t k = 0; k < options.channels; ++k) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
      throw SystemError(fmt::format("rankine: socketpair: {}", std::strerror(errno)));
    ::setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
    channels_.push_back(pair[0]);
    theirs.push_back(pair[1]);
  }
  free_ = channels_;
  helper_ = ::fork();
  if (helper_ < 0) throw SystemError(fmt::format("rankine: fork: {}", std::strerror(errno)));
  if (helper_ == 0) {
    for (const int channel : channels_) ::close(channel);
    be_helper(options, theirs);
  }
  for (const int channel : theirs) ::close(channel);
}

Spawner::~Spawner() {
  for (const int channel : channels_) ::close(channel);
  while (::waitpid(helper_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

int Spawner::take_channel() {
  std::unique_lock lock(mutex_);
  free_one_.wait(lock, [this] { return !free_.empty(); });
  const int channel = free_.back();
  free_.pop_back();
  return channel;
}

void Spawner::give_channel(int channel) {
  const std::lock_guard lock(mutex_);
  free_.push_back(channel);
  free_one_.notify_one();
}

void Spawner::lost() const {
  throw SystemError(fmt::format(
      "rankine: the helper process {} that starts commands is gone: it was killed, or crashed", helper_));
}

void Spawner::send(int channel, const std::string& message) const {
  while (::send(channel, message.data(), message.size(), MSG_NOSIGNAL) < 0) {
    if (errno == EMSGSIZE) throw InputError("rankine: the command and its variables are too long");
    if (errno != EINTR) lost();
  }
}

Spawned Spawner::run(const SpawnRequest& request, const std::function<bool()>& unwanted) {
  std::string variables;
  for (const std::string& variable : request.variables) variables.append(variable).push_back('\0');
  RequestHead head{Order::run,    request.attempt,       request.id, request.key, request.timeout,
                   request.grace, request.command.size()};
  std::string message;
  pack_message(message, head, request.command, variables);
  const int channel = take_channel();
  send(channel, message);
  bool asked = false;
  pollfd wait{channel, POLLIN, 0};
  while (::poll(&wait, 1, asked ? -1 : kAskMs) <= 0) {
    if (asked || !unwanted()) continue;
    head.order = Order::stop;
    pack_message(message, head, {});
    send(channel, message);
    asked = true;
  }
  char reply[4096];
  ssize_t got = 0;
  do {
    got = ::recv(channel, reply, sizeof reply, 0);
  } while (got < 0 && errno == EINTR);
  if (got < static_cast<ssize_t>(sizeof(Ending))) lost();
  std::string_view text;
  Spawned spawned;
  spawned.ending = unpack_message<Ending>({reply, static_cast<std::size_t>(got)}, text);
  spawned.text = text;
  give_channel(channel);
  return spawned;
}

}  // namespace rankine::farm
