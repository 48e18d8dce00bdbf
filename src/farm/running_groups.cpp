// SPDX-License-Identifier: Apache-2.0
#include "farm/running_groups.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::farm {

static_assert(std::atomic<pid_t>::is_always_lock_free);

RunningGroups::RunningGroups(std::size_t channels) : channels_(channels) {
  void* memory = ::mmap(nullptr, channels * sizeof(std::atomic<pid_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw SystemError(fmt::format("rankine: mmap: {}", std::strerror(errno)));
  groups_ = new (memory) std::atomic<pid_t>[channels] {};
}

RunningGroups::~RunningGroups() {
  ::munmap(groups_, channels_ * sizeof(std::atomic<pid_t>));
}

void RunningGroups::kill_all() {
  for (std::size_t k = 0; k < channels_; ++k)
    if (const pid_t group = groups_[k].exchange(0); group > 0) ::kill(-group, SIGKILL);
}

}  // namespace rankine::farm
