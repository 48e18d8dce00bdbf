// SPDX-License-Identifier: Apache-2.0
// What a farm is measured against: PROCESSES bare loops that start COUNT commands by posix_spawn, one after
// the other, and wait for each. With "sh" the command goes to /bin/sh -c, else its words are the program.
//   rankine-spawn-loop PROCESSES COUNT sh|direct COMMAND...
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <rankine/core/clock.hpp>

namespace {

/// The exit code of the loop's process: whether all commands succeeded.
int loop(int count, char** arguments) {
  for (int k = 0; k < count; ++k) {
    pid_t process = 0;
    int status = 0;
    if (posix_spawnp(&process, arguments[0], nullptr, nullptr, arguments, environ) != 0) return 1;
    if (waitpid(process, &status, 0) != process || status != 0) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "rankine-spawn-loop PROCESSES COUNT sh|direct COMMAND...\n");
    return 2;
  }
  const int processes = std::atoi(argv[1]);
  const int count = std::atoi(argv[2]);
  char shell[] = "/bin/sh";
  char option[] = "-c";
  std::vector<char*> arguments;
  if (std::strcmp(argv[3], "sh") == 0) arguments = {shell, option};
  arguments.insert(arguments.end(), argv + 4, argv + argc);
  arguments.push_back(nullptr);
  const rankine::Time start = rankine::now();
  for (int k = 0; k < processes; ++k)
    if (fork() == 0) _exit(loop(count * (k + 1) / processes - count * k / processes, arguments.data()));
  int failed = 0;
  for (int k = 0; k < processes; ++k) {
    int status = 0;
    if (wait(&status) < 0 || status != 0) failed = 1;
  }
  const double seconds = rankine::seconds_since(start);
  std::printf("%.6f\n", seconds);
  return failed;
}
