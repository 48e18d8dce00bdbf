// SPDX-License-Identifier: Apache-2.0
#include "runtime/tick_timer.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include <sys/timerfd.h>
#include <unistd.h>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>

namespace rankine::runtime {

TickTimer::TickTimer() : file_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
  if (file_ < 0) throw SystemError(std::string("rankine: timerfd_create failed: ") + std::strerror(errno));
}

TickTimer::~TickTimer() {
  close(file_);
}

void TickTimer::start(Nanoseconds period) {
  itimerspec times{};
  times.it_interval.tv_sec = static_cast<time_t>(period / kSecond);
  times.it_interval.tv_nsec = static_cast<long>(period % kSecond);
  times.it_value = times.it_interval;
  check(timerfd_settime(file_, 0, &times, nullptr) == 0, "timerfd_settime takes any time");
}

void TickTimer::rest() {
  start(0);
}

void TickTimer::wait() {
  std::uint64_t ticks = 0;
  while (read(file_, &ticks, sizeof ticks) < 0) {
    check(errno == EINTR, "a timer can be read");
  }
}

}  // namespace rankine::runtime
