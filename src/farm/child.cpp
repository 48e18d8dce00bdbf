// SPDX-License-Identifier: Apache-2.0
#include "farm/child.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>

namespace rankine::farm {

namespace {

constexpr std::size_t kStackBytes = std::size_t{64} << 10;
constexpr int kSurvived[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE};

struct Birth {
  const ChildPlan* plan;
  const std::vector<std::string>* paths;
  char* const* arguments;
  int trouble;  ///< of the last call that failed
  bool failed;  ///< no program began
};

/// Runs on a stack of its own in the parent's memory, while the parent waits: only system calls.
__attribute__((no_sanitize("address", "undefined"))) int be_born(void* argument) {
  Birth& birth = *static_cast<Birth*>(argument);
  const ChildPlan& plan = *birth.plan;
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::dup2(plan.input, STDIN_FILENO) < 0 || ::dup2(plan.output, STDOUT_FILENO) < 0 ||
      ::dup2(plan.error, STDERR_FILENO) < 0) {
    birth.trouble = errno;
    birth.failed = true;
    ::_exit(127);
  }
  birth.trouble = ENOENT;
  for (const std::string& path : *birth.paths) {
    ::execve(path.c_str(), birth.arguments, plan.environment->data());
    if (errno == ENOENT || errno == ENOTDIR) continue;
    birth.trouble = errno;
    if (errno != EACCES) break;
  }
  birth.failed = true;
  ::_exit(127);
}

}  // namespace

void survive_signals() {
  signal(SIGCHLD, SIG_DFL);  // where it was ignored, nobody would hear how a child ended
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {};
  for (const int signal : kSurvived) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    const bool ignored = (before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN;
    if (!ignored) sigaction(signal, &nothing, nullptr);
  }
}

ChildStarter::ChildStarter() : stack_(kStackBytes) {}

Started ChildStarter::start(const ChildPlan& plan) {
  std::vector<std::string> paths;
  const std::string& name = plan.words.front();
  if (name.find('/') != std::string::npos) {
    paths.push_back(name);
  } else {
    for (const std::string& folder : *plan.folders) paths.push_back(folder + "/" + name);
  }
  std::vector<char*> arguments;
  for (const std::string& word : plan.words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Birth birth{&plan, &paths, arguments.data(), 0, false};
  char* top = stack_.data() + stack_.size();
  top -= reinterpret_cast<std::uintptr_t>(top) % 64;
  int watch = -1;
  const int process = ::clone(be_born, top, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &birth, &watch);
  if (process < 0) return {-1, -1, errno};
  if (!birth.failed) return {process, watch, 0};
  ::close(watch);
  while (::waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
  }
  return {-1, -1, birth.trouble};
}

}  // namespace rankine::farm
