// SPDX-License-Identifier: Apache-2.0
#include "farm/spawner.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::farm {

namespace {

constexpr int kAskMs = 100;  ///< how often `unwanted` is asked

/// In the helper. Never returns.
[[noreturn]] void be_helper(const ServerOptions& options, const std::vector<int>& channels,
                            RunningGroups& groups) {
  int code = 0;
  try {
    ::prctl(PR_SET_NAME, "rankine-spawn");
    survive_signals();
    ::setpgid(0, 0);  // whoever kills the rank's group must leave somebody to end the commands
    // What a rank reads is not the commands', and who waits for the end of its output waits for the rank
    // only.
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(nothing, STDOUT_FILENO);
    SpawnServer(options, channels, groups).serve();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 1;
  }
  ::_exit(code);
}

}  // namespace

Spawner::Spawner(const ServerOptions& options) : output_(options.output), groups_(options.channels) {
  std::vector<int> theirs;
  for (std::size_t k = 0; k < options.channels; ++k) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
      throw SystemError(fmt::format("rankine: socketpair: {}", std::strerror(errno)));
    const int bytes = kRequestBytes;
    ::setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    channels_.push_back(pair[0]);
    theirs.push_back(pair[1]);
  }
  free_ = channels_;
  helper_ = ::fork();
  if (helper_ < 0) throw SystemError(fmt::format("rankine: fork: {}", std::strerror(errno)));
  if (helper_ == 0) {
    for (const int channel : channels_) ::close(channel);
    be_helper(options, theirs, groups_);
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

void Spawner::lost() {
  groups_.kill_all();  // of a shell that dies with the helper the children live on
  throw SystemError(fmt::format(
      "rankine: the helper process {} that starts commands is gone: it was killed, or crashed", helper_));
}

void Spawner::send(int channel, const std::string& message) {
  const bool fits = message.size() <= kRequestBytes;
  while (!fits || ::send(channel, message.data(), message.size(), MSG_NOSIGNAL) < 0) {
    if (!fits || errno == EMSGSIZE)
      throw InputError(
          fmt::format("rankine: the command and its variables are too long: {} bytes, at most {}",
                      message.size(), kRequestBytes));
    if (errno != EINTR) lost();
  }
}

std::vector<Spawned> Spawner::run(std::span<const SpawnRequest> requests, Nanoseconds budget,
                                  const std::function<bool()>& unwanted) {
  std::string message;
  for (const SpawnRequest& request : requests) {
    std::string variables;
    for (const std::string& variable : request.variables) variables.append(variable).push_back('\0');
    append_message(message,
                   RequestHead{Order::run, request.attempt, request.id, request.key, request.timeout,
                               request.grace, budget, request.command.size(), variables.size()},
                   request.command, variables);
  }
  const int channel = take_channel();
  try {
    send(channel, message);
  } catch (const InputError&) {
    give_channel(channel);
    throw;
  }
  wait_for_answer(channel, unwanted);
  std::vector<Spawned> spawned = receive(channel, requests.size());
  give_channel(channel);
  return spawned;
}

void Spawner::wait_for_answer(int channel, const std::function<bool()>& unwanted) {
  bool asked = false;
  pollfd wait{channel, POLLIN, 0};
  while (::poll(&wait, 1, asked ? -1 : kAskMs) <= 0) {
    if (asked || !unwanted()) continue;
    std::string message;
    append_message(message, RequestHead{.order = Order::stop}, {});
    send(channel, message);
    asked = true;
  }
}

std::vector<Spawned> Spawner::receive(int channel, std::size_t count) {
  std::string reply;
  ssize_t got = 0;
  do {
    got = ::recv(channel, nullptr, 0, MSG_PEEK | MSG_TRUNC);
    if (got <= 0) continue;
    reply.resize(static_cast<std::size_t>(got));
    got = ::recv(channel, reply.data(), reply.size(), 0);
  } while (got < 0 && errno == EINTR);
  std::string_view bytes(reply.data(), static_cast<std::size_t>(std::max<ssize_t>(0, got)));
  std::vector<Spawned> spawned;
  for (EndingHead head; spawned.size() < count && take_head(bytes, head);)
    spawned.push_back({head.ending, std::string(take_text(bytes, head.text_bytes))});
  if (spawned.size() < count) lost();
  return spawned;
}

}  // namespace rankine::farm
