// SPDX-License-Identifier: Apache-2.0
// A thread of each rank that waits for other processes of its node to exit, and for the time of the next
// heartbeat. It takes no lock of the rank's and decides nothing while work goes on: it leaves a note and
// rings. Where all ranks do something together (start, end) a death would make the others wait for ever: then
// it ends this process.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

#include "runtime/process_watch.hpp"

namespace rankine::runtime {

class Sentinel {
 public:
  /// `processes`: of all ranks, by rank. Those in `near` are watched. Until release() a death ends the run
  /// with exit code 1 and a sentence, because the ranks are starting together: `abort` is to end those of
  /// other nodes too, which would wait for ever.
  Sentinel(Rank self, const std::vector<Rank>& near, const std::vector<ProcessId>& processes,
           Nanoseconds beat, std::function<void()> abort = {});
  ~Sentinel();
  Sentinel(const Sentinel&) = delete;
  Sentinel& operator=(const Sentinel&) = delete;

  /// From now on deaths are noted, not acted upon.
  void release();
  /// `ring` is called, on the sentinel's thread, when there is news. Nothing: nobody listens.
  void listen(std::function<void()> ring);
  bool has_news() const { return news_.load(std::memory_order_relaxed); }
  /// Ranks of this node that have exited since the last call, in order. The time for a heartbeat has come,
  /// too.
  std::vector<Rank> take();

  /// The ranks end together from now on: a process that exits means that the others would wait for it, and so
  /// does a very long time. Then this process leaves with `exit_code`.
  void guard_end(int exit_code);

  bool watches(Rank rank) const;
  /// Kills that process of this node, if it is the one. False where it is not known to be here.
  bool fence(Rank rank) const;

 private:
  struct Ending {
    int exit_code;
    Time deadline;
  };

  void keep_watch();
  [[noreturn]] void end_start(std::size_t dead) const;
  [[noreturn]] void leave_start() const;
  void note_exits(const std::vector<std::size_t>& exited);
  void look_at_the_end(Time t, bool somebody_left);

  const Rank self_;
  const Nanoseconds beat_;
  const std::vector<ProcessId> processes_;
  const std::function<void()> abort_;
  const Time start_deadline_;
  std::vector<bool> watched_;
  ProcessWatch watch_;

  std::mutex mutex_;
  bool released_ = false;
  std::vector<Rank> exited_;
  std::function<void()> ring_;
  std::optional<Ending> ending_;
  std::atomic<bool> news_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace rankine::runtime
