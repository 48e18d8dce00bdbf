// SPDX-License-Identifier: Apache-2.0
#include "farm/spawn_server.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "farm/command_list.hpp"
#include "farm/environment.hpp"
#include "farm/plain_command.hpp"

namespace rankine::farm {

namespace {

constexpr std::size_t kReadBytes = kRequestBytes;  // of pipes as well
constexpr std::size_t kTailBytes = 300;
constexpr std::size_t kTextBytes = 2000;  ///< of what is said of one command

std::int64_t since_1970() {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * kSecond + t.tv_nsec;
}

std::vector<std::string> folders_of_path() {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  std::vector<std::string> folders;
  for (;;) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    folders.emplace_back(folder.empty() ? "." : folder);
    if (folder.size() == rest.size()) return folders;
    rest.remove_prefix(folder.size() + 1);
  }
}

bool has_standard_shell(const ServerOptions& options) {
  const std::string name = std::filesystem::path(options.shell).filename();
  return name == "sh" || name == "dash" || name == "bash";
}

void close_if(int& file) {
  if (file >= 0) ::close(file);
  file = -1;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

SpawnServer::SpawnServer(const ServerOptions& options, std::vector<int> channels, RunningGroups& groups)
    : options_(options),
      store_(options.output),
      groups_(groups),
      environment_(command_environment(environ)),
      folders_(folders_of_path()),
      buffer_(kReadBytes) {
  direct_ = !options.always_shell && has_standard_shell(options) && !has_functions(environment_);
  for (const int socket : channels) channels_.push_back({.socket = socket, .running = nullptr});
  nothing_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing_ < 0) throw SystemError(fmt::format("rankine: open(/dev/null): {}", std::strerror(errno)));
}

SpawnServer::~SpawnServer() {
  for (Channel& channel : channels_) {
    if (channel.running) {
      Running& running = *channel.running;
      ::kill(-running.process, SIGKILL);
      while (::waitpid(running.process, nullptr, 0) < 0 && errno == EINTR) {
      }
      close_if(running.exit_watch);
      close_if(running.output);
      close_if(running.error);
    }
    close_if(channel.socket);
  }
  close_if(nothing_);
}

// ---- the loop ----

int SpawnServer::wait_ms(Time at) const {
  Nanoseconds shortest = -1;
  for (const Channel& channel : channels_) {
    if (!channel.running || channel.running->deadline.ns == 0) continue;
    const Nanoseconds left = std::max<Nanoseconds>(0, channel.running->deadline - at);
    if (shortest < 0 || left < shortest) shortest = left;
  }
  constexpr Nanoseconds longest_ms = 3'600'000;
  if (shortest < 0) return -1;
  return static_cast<int>(std::min(longest_ms, shortest / kMillisecond + 1));
}

/// Four entries a channel, those of no use with the number -1, which poll passes over.
void SpawnServer::watch() {
  polled_.clear();
  for (const Channel& channel : channels_) {
    const Running* running = channel.running.get();
    polled_.push_back({channel.socket, POLLIN, 0});
    polled_.push_back({running != nullptr ? running->output : -1, POLLIN, 0});
    polled_.push_back({running != nullptr ? running->error : -1, POLLIN, 0});
    polled_.push_back({running != nullptr ? running->exit_watch : -1, POLLIN, 0});
  }
}

void SpawnServer::serve() {
  for (;;) {
    watch();
    const int ready = ::poll(polled_.data(), polled_.size(), wait_ms(now()));
    if (ready < 0 && errno != EINTR)
      throw SystemError(fmt::format("rankine: poll: {}", std::strerror(errno)));
    if (ready < 0) continue;
    const Time at = now();
    for (std::size_t k = 0; k < channels_.size(); ++k) {
      Channel& channel = channels_[k];
      const pollfd* events = &polled_[4 * k];
      if (events[0].revents != 0 && !listen(channel)) return;
      if (!channel.running || events[3].fd != channel.running->exit_watch) continue;
      if (events[1].revents != 0) read_some(*channel.running, channel.running->output, Stream::output, false);
      if (events[2].revents != 0) read_some(*channel.running, channel.running->error, Stream::error, false);
      if (events[3].revents != 0) {
        end(channel);
      } else {
        look_at_clock(*channel.running, at);
      }
    }
  }
}

/// False when the other side is gone.
bool SpawnServer::listen(Channel& channel) {
  const ssize_t got = ::recv(channel.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  std::string_view bytes(buffer_.data(), static_cast<std::size_t>(std::max<ssize_t>(0, got)));
  RequestHead head;
  if (!take_head(bytes, head)) return false;
  if (head.order == Order::run && !channel.running) {
    channel.asked.assign(buffer_.data(), static_cast<std::size_t>(got));
    channel.next = 0;
    channel.until = head.budget > 0 ? now() + head.budget : Time{};
    start_next(channel);
  } else if (head.order == Order::stop && channel.running && !channel.running->asked_to_stop) {
    channel.until = {1};
    channel.running->ending.stopped = true;
    channel.running->deadline = {1};
    look_at_clock(*channel.running, now());
  }
  return true;
}

/// Of those that came together; after the last the answer goes out.
void SpawnServer::start_next(Channel& channel) {
  while (channel.next < channel.asked.size()) {
    std::string_view rest = std::string_view(channel.asked).substr(channel.next);
    RequestHead head;
    take_head(rest, head);
    const std::string_view command = take_text(rest, head.command_bytes);
    const std::string_view variables = take_text(rest, head.variable_bytes);
    const bool first = channel.next == 0;
    channel.next = channel.asked.size() - rest.size();
    if (!first && channel.until.ns != 0 && now() >= channel.until) {
      Ending ending;
      ending.begun = false;
      answer(channel, ending, {});
      continue;
    }
    start(channel, head, command, variables);
    if (channel.running) return;
  }
  while (::send(channel.socket, channel.answer.data(), channel.answer.size(), MSG_NOSIGNAL) < 0 &&
         errno == EINTR) {
  }
  channel.answer.clear();
}

// ---- one command ----

Started SpawnServer::start_process(std::string_view command, const std::vector<char*>& environment,
                                   int output, int error) {
  ChildPlan plan{{}, &folders_, &environment, nothing_, output, error};
  if (direct_) {
    if (auto words = plain_words(command)) {
      plan.words = std::move(*words);
      // Where it cannot be started the shell says why, or knows a way.
      if (const Started started = starter_.start(plan); started.trouble == 0) return started;
    }
  }
  const bool like_option = command.starts_with('-') || command.starts_with('+');
  std::string text(like_option ? " " : "");
  text += command;
  plan.words = {options_.shell, "-c", std::move(text)};
  return starter_.start(plan);
}

/// Those of the request come first, and instead of those of the same names.
std::vector<char*> SpawnServer::environment_with(std::string_view variables) {
  std::vector<char*> environment;
  for (std::string_view rest = variables; !rest.empty(); rest.remove_prefix(std::strlen(rest.data()) + 1))
    environment.push_back(const_cast<char*>(rest.data()));
  const auto own = static_cast<std::ptrdiff_t>(environment.size());
  for (std::string& variable : environment_) {
    const std::string_view name(variable.data(), variable.find('=') + 1);
    const auto same = [&](const char* mine) { return std::string_view(mine).starts_with(name); };
    if (std::none_of(environment.begin(), environment.begin() + own, same))
      environment.push_back(variable.data());
  }
  environment.push_back(nullptr);
  return environment;
}

void SpawnServer::start(Channel& channel, const RequestHead& head, std::string_view command,
                        std::string_view variables) {
  auto running = std::make_unique<Running>();
  try {
    running->entry = store_.begin();
  } catch (const SystemError& error) {
    return refuse(channel, error.what());
  }
  running->entry.key = head.key;
  running->entry.id = head.id;
  running->entry.attempt = head.attempt;
  running->grace = head.grace;
  running->ending.began_ns = since_1970();
  running->began = now();
  if (head.timeout > 0) running->deadline = running->began + head.timeout;
  begin(channel, std::move(running), command, environment_with(variables));
}

/// With pipes for what it prints.
void SpawnServer::begin(Channel& channel, std::unique_ptr<Running> running, std::string_view command,
                        const std::vector<char*>& environment) {
  int pipes[2][2] = {{-1, -1}, {-1, -1}};
  const auto close_pipes = [&pipes] {
    for (auto& pipe : pipes)
      for (int& end : pipe) close_if(end);
  };
  if (::pipe2(pipes[0], O_CLOEXEC) != 0 || ::pipe2(pipes[1], O_CLOEXEC) != 0) {
    const std::string why = std::strerror(errno);
    close_pipes();
    return refuse(channel, "rankine: pipe2: " + why);
  }
  const Started started = start_process(command, environment, pipes[0][1], pipes[1][1]);
  close_if(pipes[0][1]);
  close_if(pipes[1][1]);
  if (started.trouble != 0) {
    close_pipes();
    return refuse(channel, fmt::format("rankine: {} could not be started: {}", options_.shell,
                                       std::strerror(started.trouble)));
  }
  groups_.note(place_of(channel), started.process);
  running->process = started.process;
  running->exit_watch = started.watch;
  running->output = pipes[0][0];
  running->error = pipes[1][0];
  for (const int pipe : {running->output, running->error}) ::fcntl(pipe, F_SETFL, O_NONBLOCK);
  channel.running = std::move(running);
}

void SpawnServer::refuse(Channel& channel, const std::string& why) {
  Ending ending;
  ending.in_trouble = true;
  ending.began_ns = since_1970();
  answer(channel, ending, why);
}

void SpawnServer::read_some(Running& running, int& pipe, Stream stream, bool to_the_end) {
  while (pipe >= 0) {
    const ssize_t got = ::read(pipe, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return close_if(pipe);
    keep(running, stream, static_cast<std::size_t>(got));
    if (!to_the_end) return;
  }
}

/// Of the buffer.
void SpawnServer::keep(Running& running, Stream stream, std::size_t bytes) {
  running.entry.bytes[stream == Stream::error ? 1 : 0] += bytes;
  if (stream == Stream::error) {
    running.tail.append(buffer_.data(), bytes);
    if (running.tail.size() > kTailBytes) running.tail.erase(0, running.tail.size() - kTailBytes);
  }
  if (!running.trouble.empty()) return;
  try {
    store_.append(running.entry, stream, {buffer_.data(), bytes});
  } catch (const SystemError& error) {
    running.trouble = error.what();
  }
}

/// First a command is asked to end, then it is made to.
void SpawnServer::look_at_clock(Running& running, Time at) {
  if (running.deadline.ns == 0 || at < running.deadline) return;
  if (running.asked_to_stop) {
    ::kill(-running.process, SIGKILL);
    running.deadline = {};
    return;
  }
  running.asked_to_stop = true;
  if (!running.ending.stopped) running.ending.timed_out = true;
  ::kill(-running.process, SIGTERM);
  ::kill(-running.process, SIGCONT);  // a stopped one hears it only then
  running.deadline = at + std::max<Nanoseconds>(1, running.grace);
}

void SpawnServer::end(Channel& channel) {
  Running& running = *channel.running;
  // What it left running in its group ends with it, while its number cannot belong to anybody else.
  siginfo_t info;
  while (::waitid(P_PID, static_cast<id_t>(running.process), &info, WEXITED | WNOWAIT) < 0 &&
         errno == EINTR) {
  }
  read_some(running, running.output, Stream::output, true);
  read_some(running, running.error, Stream::error, true);
  ::kill(-running.process, SIGKILL);
  groups_.note(place_of(channel), 0);
  rusage usage{};
  int status = 0;
  while (::wait4(running.process, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  Ending& ending = running.ending;
  ending.status = status;
  ending.seconds = seconds_since(running.began);
  ending.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  ending.memory_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  ending.output_bytes = running.entry.bytes[0];
  ending.error_bytes = running.entry.bytes[1];
  ending.serial = running.entry.serial;
  running.entry.status = status;
  running.entry.began_ns = ending.began_ns;
  running.entry.ended_ns = since_1970();
  running.entry.cpu_seconds = ending.cpu_seconds;
  running.entry.memory_mib = ending.memory_mib;
  running.entry.good = ending.good() && running.trouble.empty();
  close_if(running.exit_watch);
  close_if(running.output);
  close_if(running.error);
  try {
    store_.end(running.entry);
  } catch (const SystemError& error) {
    if (running.trouble.empty()) running.trouble = error.what();
  }
  ending.in_trouble = !running.trouble.empty();
  const std::unique_ptr<Running> ended = std::move(channel.running);
  answer(channel, ended->ending, ended->ending.in_trouble ? ended->trouble : ended->tail);
  start_next(channel);
}

void SpawnServer::answer(Channel& channel, const Ending& ending, std::string_view text) {
  text = text.substr(0, kTextBytes);
  append_message(channel.answer, EndingHead{ending, text.size()}, text);
}

}  // namespace rankine::farm
