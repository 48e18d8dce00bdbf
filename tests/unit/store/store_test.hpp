// SPDX-License-Identifier: Apache-2.0
// What several store tests share: a child process, and what the tests left in shared
// memory.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <set>
#include <string>

#include "catch.hpp"
#include "thrown.hpp"

namespace rankine_test {

/// Exit code of `body` run in a forked child (which must not use Catch's macros); 100 + signal if one killed
/// it.
template <class Body>
int in_child(Body body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);  // Catch's handler would report the test as failed
    int code = 99;
    try {
      code = body();
    } catch (const std::exception& error) {
      dprintf(2, "child: %s\n", error.what());
    }
    _exit(code);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

/// Names of this process's segments in /dev/shm.
inline std::set<std::string> segments_left() {
  const std::string ours = "rankine-" + std::to_string(getuid()) + "-" + std::to_string(getpid()) + "-";
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    if (entry.path().filename().string().rfind(ours, 0) == 0) names.insert(entry.path().filename().string());
  }
  return names;
}

}  // namespace rankine_test
