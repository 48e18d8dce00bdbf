// SPDX-License-Identifier: Apache-2.0
// The one object of a program: it starts MPI, learns ranks and nodes, and runs the driver on rank 0 while the
// other ranks execute tasks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace rankine {

/// Settings of a run. Zero means: decided by the runtime.
struct RuntimeOptions {
  std::uint64_t seed = 0;  ///< of all random numbers; equal seeds give equal results on any number of ranks
  /// Shared memory for large objects on each node, in bytes. Default: RANKINE_ARENA_BYTES, else half of what
  /// is free in /dev/shm. Used only as needed.
  std::uint64_t arena_bytes = 0;
  /// Stack of a task in bytes; default 1 MiB (virtual: what is not touched costs nothing).
  std::size_t stack_bytes = 0;
  std::size_t inline_bytes =
      0;  ///< values up to this size travel in messages, larger ones through shared memory
};

class Runtime {
 public:
  /// Collective over all ranks: starts MPI (if the program has not). Throws SystemError with the remedy if
  /// ranks cannot message each other.
  Runtime(int& argc, char**& argv, const RuntimeOptions& options = {});
  explicit Runtime(const RuntimeOptions& options = {});
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  int rank() const;
  int size() const;
  int nodes() const;
  bool is_head() const { return rank() == 0; }

  /// Rank 0 runs `driver` (returning nothing or an exit code), then waits for everything it submitted; the
  /// other ranks execute tasks until then. Returns the program's exit code: the driver's; 1 if it threw,
  /// after saying what and
  /// cancelling what was left (tasks that do not notice within two seconds are killed with the job).
  template <class Driver>
  int run(Driver&& driver) {
    if constexpr (std::is_void_v<std::invoke_result_t<Driver&>>) {
      return run_driver([&driver] {
        driver();
        return 0;
      });
    } else {
      return run_driver([&driver] { return static_cast<int>(driver()); });
    }
  }

 private:
  int run_driver(const std::function<int()>& driver);

  struct State;
  std::unique_ptr<State> state_;
};

/// Ranks as threads of this process, no mpirun: for tests. Returns what run() would; exceptions of the driver
/// are rethrown.
int run_as_threads(int ranks, const RuntimeOptions& options, const std::function<void()>& driver);

}  // namespace rankine
