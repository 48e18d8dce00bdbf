// SPDX-License-Identifier: Apache-2.0
// Processes of this node and whether they live. A process is a number and its start time: the number alone
// may belong to another one later. Exits are seen at once through pidfds, and where the kernel has none by
// looking at /proc now and then. A zombie is dead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <rankine/core/time.hpp>

namespace rankine::runtime {

struct ProcessId {
  std::int64_t pid = 0;
  std::uint64_t start = 0;  ///< in clock ticks since the node booted; 0: unknown
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

/// The process that has this number now. `start` is 0 where /proc does not tell.
ProcessId find_process(std::int64_t pid);
/// A zombie does not live, nor does another process that got the number.
bool is_alive(const ProcessId& process);
/// Sends SIGKILL to this very process, never to another that got its number. False if it cannot.
bool kill_process(const ProcessId& process);

/// Waits for the first of several processes to exit. One thread waits; ring() may be called by any.
class ProcessWatch {
 public:
  ProcessWatch();
  ~ProcessWatch();
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  /// From now on its exit is reported under this name, once; also when it is dead already.
  void add(std::size_t name, const ProcessId& process);
  /// Names of those that exited, after `timeout_ns` at the latest (then there may be none), or after a
  /// ring().
  std::vector<std::size_t> wait(Nanoseconds timeout_ns);
  /// Ends a wait.
  void ring();

 private:
  struct Watched {
    std::size_t name;
    ProcessId process;
    int file;  ///< pidfd, or -1: looked at
  };
  bool has_exited(const Watched& watched, bool signalled) const;

  std::vector<Watched> watched_;
  int bell_ = -1;
};

}  // namespace rankine::runtime
