// SPDX-License-Identifier: Apache-2.0
// A rank's side of its helper process: runs commands and waits for them, from any number of threads. Made
// before MPI and before any thread is.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rankine/core/time.hpp>

#include "farm/spawn_messages.hpp"
#include "farm/spawn_server.hpp"

namespace rankine::farm {

struct SpawnRequest {
  std::string command = {};
  std::vector<std::string> variables = {};  ///< NAME=value, beside those that the rank was started with
  std::uint64_t id = 0;
  std::uint64_t key = 0;
  std::uint32_t attempt = 1;
  Nanoseconds timeout = 0;  ///< 0: none
  Nanoseconds grace = 5 * kSecond;
};

struct Spawned {
  Ending ending;
  std::string text;  ///< the end of its error stream, or what kept it from running
};

class Spawner {
 public:
  /// Forks: only while the process has a single thread. Throws SystemError naming the call.
  explicit Spawner(const ServerOptions& options);
  /// Ends the helper, and with it what still runs.
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  /// Waits for the end of the commands, which run one after another; those that have not begun when `budget`
  /// is over (0: there is none) do not any more, and their ending says so. The first begins always. Now and
  /// then it asks `unwanted`, and if so has them stopped. Throws InputError where they are too long together,
  /// SystemError when the helper is gone: this process can run nothing any more.
  std::vector<Spawned> run(std::span<const SpawnRequest> requests, Nanoseconds budget,
                           const std::function<bool()>& unwanted);
  Spawned run(const SpawnRequest& request, const std::function<bool()>& unwanted) {
    return std::move(run({&request, 1}, 0, unwanted).front());
  }

  const std::filesystem::path& output() const { return output_; }
  pid_t helper() const { return helper_; }

 private:
  int take_channel();
  void give_channel(int channel);
  void send(int channel, const std::string& message);
  void wait_for_answer(int channel, const std::function<bool()>& unwanted);
  std::vector<Spawned> receive(int channel, std::size_t count);
  [[noreturn]] void lost();

  std::filesystem::path output_;
  pid_t helper_ = -1;
  RunningGroups groups_;
  std::vector<int> channels_;
  std::mutex mutex_;
  std::condition_variable free_one_;
  std::vector<int> free_;
};

}  // namespace rankine::farm
