// SPDX-License-Identifier: Apache-2.0
// Work of many short tasks for draining.py, which sends signals and gives little wall time. It says "working"
// on standard output when the first task has ended. Arguments: tasks, milliseconds each, and one of
//   plain    the driver waits for all
//   stuck    tasks never notice that they are to stop
//   busy     the driver computes and never waits
//   code     the driver returns 3
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <rankine/core/clock.hpp>
#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

/// Computes for so many milliseconds.
int work(int ms) {
  const rk::Time start = rk::now();
  while (rk::now() - start < ms * rk::kMillisecond) {
  }
  return 1;
}

int never_ends(int) {
  for (std::atomic<bool> go{true}; go;) {
  }
  return 1;
}

void say_working() {
  std::puts("working");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int tasks = std::atoi(argv[1]);
  const int ms = std::atoi(argv[2]);
  const std::string how = argv[3];
  rk::Runtime runtime(argc, argv);
  return runtime.run([&] {
    rk::submit<work>(1).get();
    say_working();
    if (how == "busy") return never_ends(0);
    if (how == "stuck") return rk::submit<never_ends>(0).get();
    const auto all = rk::map<work>(std::vector<int>(static_cast<std::size_t>(tasks), ms));
    int done = 0;
    for (const int one : all.get()) done += one;
    std::printf("all %d done\n", done);
    return how == "code" ? 3 : 0;
  });
}
