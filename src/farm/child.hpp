// SPDX-License-Identifier: Apache-2.0
// Starts one program as a process group of its own that dies with the process that started it. As
// posix_spawn does it (the parent's memory is shared until the program begins, so that nothing is copied),
// which cannot say that a child shall die with its parent. For a process with one thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace rankine::farm {

/// Signals that end processes do nothing to this one any more. Programs that it starts find them as they
/// were: what is caught is not inherited, and what was ignored before stays so.
void survive_signals();

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
  int watch = -1;   ///< a descriptor that is readable when the process has ended (pidfd)
  int trouble = 0;  ///< errno where nothing was started
};

class ChildStarter {
 public:
  ChildStarter();
  Started start(const ChildPlan& plan);

 private:
  std::vector<char> stack_;
};

}  // namespace rankine::farm
