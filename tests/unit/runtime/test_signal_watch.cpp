// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "runtime/signal_watch.hpp"

using rankine::runtime::SignalWatch;

namespace {

struct sigaction action_of(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action;
}

void nothing(int) {}

/// The default, as in a program; the test's own framework handles some of them.
struct Defaults {
  struct Kept {
    int signal;
    struct sigaction action;
  };
  std::vector<Kept> kept;
  Defaults() {
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
      kept.push_back({signal, action_of(signal)});
      std::signal(signal, SIG_DFL);
    }
  }
  ~Defaults() {
    for (const Kept& one : kept) sigaction(one.signal, &one.action, nullptr);
  }
};

/// Ends with what it waits for, or with the test's time limit.
template <class Done>
void wait_until(Done done) {
  while (!done()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a signal becomes a call with its number and how often it came; afterwards all is as before") {
  const Defaults defaults;
  std::atomic<int> last{0};
  std::atomic<int> count{0};
  {
    const SignalWatch watch([&](int signal, int times) {
      last = signal;
      count = times;
    });
    std::raise(SIGUSR1);
    wait_until([&] { return count == 1; });
    CHECK(last == SIGUSR1);
    std::raise(SIGUSR1);
    wait_until([&] { return count == 2; });
    std::raise(SIGTERM);
    wait_until([&] { return last == SIGTERM; });
    CHECK(count == 1);
  }
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) CHECK(action_of(signal).sa_handler == SIG_DFL);
}

TEST_CASE("signals that the program handles or ignores are left alone, and so is a first watch by a second") {
  const Defaults defaults;
  std::signal(SIGTERM, nothing);
  std::signal(SIGINT, SIG_IGN);
  {
    std::atomic<int> first{0};
    std::atomic<int> second{0};
    const SignalWatch watch([&](int, int times) { first = times; });
    CHECK(action_of(SIGTERM).sa_handler == nothing);
    CHECK(action_of(SIGINT).sa_handler == SIG_IGN);
    {
      const SignalWatch other([&](int, int times) { second = times; });
      std::raise(SIGUSR1);
      wait_until([&] { return first == 1; });
    }
    std::raise(SIGUSR1);
    wait_until([&] { return first == 2; });
    CHECK(second == 0);
  }
}
