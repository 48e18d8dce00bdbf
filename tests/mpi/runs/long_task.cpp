// SPDX-License-Identifier: Apache-2.0
// One task that computes for as many seconds as the argument says, while the driver waits in get and all
// other ranks have nothing to do. The task prints "busy PID" when it begins, the driver "done" in the end.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

/// Computes for `seconds` of time, without a call into the runtime; returns how many steps it made.
long compute(double seconds) {
  std::printf("busy %d\n", static_cast<int>(getpid()));
  std::fflush(stdout);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  long steps = 0;
  while (std::chrono::steady_clock::now() < end) ++steps;
  return steps;
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  return runtime.run([seconds] {
    const bool computed = rk::submit<compute>(seconds).get() > 0;
    std::printf("done\n");
    return computed ? 0 : 1;
  });
}
