// SPDX-License-Identifier: Apache-2.0
// A million tasks: how long until all were submitted, run and collected, and what one that is pending or has
// finished costs in memory of rank 0.
#include <fstream>
#include <numeric>
#include <vector>

#include <malloc.h>
#include <unistd.h>

#include "core.hpp"
#include "gate.hpp"

namespace rk = rankine;

namespace rankine::bench {

namespace {

constexpr int kTasks = 1'000'000;

std::vector<int> numbers() {
  std::vector<int> inputs(kTasks);
  std::iota(inputs.begin(), inputs.end(), 0);
  return inputs;
}

std::vector<rk::Future<int>> submit_all() {
  std::vector<rk::Future<int>> futures;
  futures.reserve(kTasks);
  for (int i = 0; i < kTasks; ++i) futures.push_back(rk::submit<increment>(i));
  return futures;
}

void collect(const std::vector<rk::Future<int>>& futures) {
  for (int i = 0; i < kTasks; ++i) require(futures[static_cast<std::size_t>(i)].get() == i + 1);
}
void collect(const std::vector<int>& results) {
  require(results.size() == kTasks);
  for (int i = 0; i < kTasks; ++i) require(results[static_cast<std::size_t>(i)] == i + 1);
}

/// Seconds, several times; the best is the value.
template <class Work>
Row seconds_row(int times, Work&& work) {
  std::vector<double> seconds;
  for (int i = 0; i < times; ++i) seconds.push_back(seconds_of(work));
  return cost_row("s", seconds);
}

/// Bytes that this process has from malloc and in anonymous memory of its own; shared memory is not in it.
double resident_bytes() {
  malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  double shared = 0;
  file >> total >> resident >> shared;
  return (resident - shared) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// Keeps every worker busy until it goes out of scope.
class BusyWorkers {
 public:
  BusyWorkers() {
    const auto workers = static_cast<int>(rk::statistics().workers);
    for (int i = 1; i <= workers; ++i) holders_.push_back(rk::submit<pass_gate>({.rank = i}, gate_.path()));
  }
  ~BusyWorkers() { release(); }
  BusyWorkers(const BusyWorkers&) = delete;
  BusyWorkers& operator=(const BusyWorkers&) = delete;
  void release() {
    gate_.open();
    for (const auto& holder : holders_) holder.wait();
  }

 private:
  Gate gate_;
  std::vector<rk::Future<int>> holders_;
};

/// What rank 0 grows by for each task that waits behind busy workers, apart from the driver's own list.
template <class Submit>
Row pending_bytes(Submit&& submit) {
  BusyWorkers busy;
  const double before = resident_bytes();
  auto futures = submit();
  double grown = resident_bytes() - before;
  if constexpr (!requires { futures.get(); })
    grown -= static_cast<double>(futures.size() * sizeof futures[0]);
  require(rk::statistics().ready + rk::statistics().running + rk::statistics().waiting >= kTasks,
          "the tasks were not pending");
  busy.release();
  if constexpr (requires { futures.get(); }) {
    collect(futures.get());
  } else {
    collect(futures);
  }
  return cost_row("B", {grown / kTasks});
}

/// What rank 0 grows by for each task that was run and whose future is gone, once it has had a million
/// pending ones at a time.
Row finished_bytes() {
  pending_bytes(submit_all);
  std::vector<double> grown;  // what is kept for tasks would be kept every time, so the least counts
  for (int i = 0; i < 3; ++i) {
    const double before = resident_bytes();
    collect(submit_all());
    grown.push_back((resident_bytes() - before) / kTasks);
  }
  return cost_row("B", grown);
}

}  // namespace

void add_queue(Suite& suite, const Setting& setting) {
  Beside messages{{}, "1,000,000 MPI_Isend messages", setting.target(1)};
  if (setting.raw.messages_per_s > 0) messages.raw = kTasks / setting.raw.messages_per_s;
  const Beside pending{{}, {}, setting.target(200)};
  // Memory first: what later rows leave for reuse would hide it.
  suite.figure(
      "head_bytes_per_pending_map_element",
      [] { return pending_bytes([] { return rk::map<increment>(numbers()); }); }, pending);
  suite.figure(
      "head_bytes_per_pending_task", [] { return pending_bytes(submit_all); }, pending);
  // None; what malloc keeps of a million tasks differs by a few MB from round to round.
  suite.figure("head_bytes_per_finished_task", finished_bytes, {{}, {}, setting.target(4)});
  const int times = suite.quick() ? 3 : 7;
  suite.figure(
      "queued_1m_tasks_submit_run_collect",
      [times] { return seconds_row(times, [] { collect(submit_all()); }); }, messages);
  suite.figure(
      "queued_1m_tasks_map_run_collect",
      [times, inputs = numbers()] {
        return seconds_row(times, [&inputs] { collect(rk::map<increment>(inputs).get()); });
      },
      messages);
}

}  // namespace rankine::bench
