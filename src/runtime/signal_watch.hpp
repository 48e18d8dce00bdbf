// SPDX-License-Identifier: Apache-2.0
// SIGINT, SIGTERM and SIGUSR1 become calls on a thread of their own, which sleeps until one comes. The
// handler only writes a byte.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include <signal.h>

namespace rankine::runtime {

class SignalWatch {
 public:
  /// `times`: how often this signal has come by now.
  using Action = std::function<void(int signal, int times)>;

  /// Takes those signals whose action is still the default: what the program handles or ignores is its own
  /// business. While there is one watch in the process, further ones get nothing.
  explicit SignalWatch(Action action);
  /// Restores the signals' actions.
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void watch();

  struct Taken {
    int signal = 0;
    struct sigaction before {};
    int times = 0;
  };
  Action action_;
  int read_end_ = -1;
  int write_end_ = -1;
  std::vector<Taken> taken_;
  std::thread thread_;
};

}  // namespace rankine::runtime
