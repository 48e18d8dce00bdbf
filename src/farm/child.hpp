// SPDX-License-Identifier: Apache-2.0
// Starts one program as a process group of its own that dies with the process that started it. As
// posix_spawn does it (the parent's memory is shared until the program begins, so that nothing is copied),
// which cannot say that a child shall die with its parent. For a process with one thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include <csignal>

namespace rankine::farm {

/// How signals were handled before the starting process changed that; commands find it so.
class SignalHabits {
 public:
  /// Remembers, then ignores them.
  void ignore_all();
  /// For a child between its start and its program.
  void restore() const;

 private:
  std::vector<std::pair<int, struct sigaction>> before_;
  sigset_t mask_{};
};

struct ChildPlan {
  std::vector<std::string> words = {};                ///< the program's arguments, its name first
  const std::vector<std::string>* folders = nullptr;  ///< where a name without / is looked for, in order
  const std::vector<char*>* environment = nullptr;    ///< ends with nullptr
  int input = -1;
  int output = -1;
  int error = -1;
};

struct Started {
  pid_t process = -1;
  int trouble = 0;  ///< errno where nothing was started
};

class ChildStarter {
 public:
  explicit ChildStarter(const SignalHabits& habits);
  Started start(const ChildPlan& plan);

 private:
  const SignalHabits& habits_;
  std::vector<char> stack_;
};

}  // namespace rankine::farm
