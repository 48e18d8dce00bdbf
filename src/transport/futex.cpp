// SPDX-License-Identifier: Apache-2.0
#include "transport/futex.hpp"

#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <string>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rankine/core/error.hpp>

namespace rankine::transport {
namespace {

// Without FUTEX_PRIVATE_FLAG: waiter and waker are different processes.
long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* timeout) {
  static_assert(sizeof(word) == sizeof(std::uint32_t));
  return syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0);
}

}  // namespace

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, Nanoseconds timeout_ns) {
  if (timeout_ns <= 0) return;
  timespec timeout{};
  timeout.tv_sec = static_cast<std::time_t>(timeout_ns / kSecond);
  timeout.tv_nsec = static_cast<long>(timeout_ns % kSecond);
  if (futex(word, FUTEX_WAIT, expected, &timeout) == 0) return;
  if (errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT) return;
  throw SystemError(std::string("futex(FUTEX_WAIT) failed: ") + std::strerror(errno));
}

void futex_wake_all(std::atomic<std::uint32_t>& word) {
  if (futex(word, FUTEX_WAKE, INT_MAX, nullptr) >= 0) return;
  throw SystemError(std::string("futex(FUTEX_WAKE) failed: ") + std::strerror(errno));
}

void full_fence() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace rankine::transport
