// SPDX-License-Identifier: Apache-2.0
#include "runtime/signal_watch.hpp"

#include <atomic>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <rankine/core/error.hpp>

namespace rankine::runtime {

namespace {

/// Where the handler writes to. A handler has no other way to find anything; -1: nobody watches.
std::atomic<int> handler_writes_to{-1};

void on_signal(int signal) {
  const int error = errno;
  const auto byte = static_cast<unsigned char>(signal);
  const int fd = handler_writes_to.load();
  // A full pipe holds many signals already.
  if (fd >= 0 && write(fd, &byte, 1) < 0) errno = error;
  errno = error;
}

}  // namespace

SignalWatch::SignalWatch(Action action) : action_(std::move(action)) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw SystemError("rankine: pipe2 for signals failed");
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  read_end_ = ends[0];
  write_end_ = ends[1];
  int nobody = -1;
  if (handler_writes_to.compare_exchange_strong(nobody, write_end_)) {
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
      Taken taken;
      taken.signal = signal;
      if (sigaction(signal, nullptr, &taken.before) != 0 || taken.before.sa_handler != SIG_DFL) continue;
      struct sigaction handle {};
      handle.sa_handler = on_signal;
      handle.sa_flags = SA_RESTART;
      sigemptyset(&handle.sa_mask);
      sigaction(signal, &handle, nullptr);
      taken_.push_back(taken);
    }
  }
  thread_ = std::thread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
  for (const Taken& taken : taken_) sigaction(taken.signal, &taken.before, nullptr);
  int mine = write_end_;
  handler_writes_to.compare_exchange_strong(mine, -1);
  const unsigned char end = 0;
  while (write(write_end_, &end, 1) < 0 && errno == EINTR) {
  }
  thread_.join();
  close(read_end_);
  close(write_end_);
}

void SignalWatch::watch() {
  for (;;) {
    unsigned char byte = 0;
    const ssize_t count = read(read_end_, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || byte == 0) return;
    for (Taken& taken : taken_) {
      if (taken.signal == byte) action_(byte, ++taken.times);
    }
  }
}

}  // namespace rankine::runtime
